// grpc-go, and Go's net/rpc, as server and as client of benchmarks, over a unix socket.
//
//	bench serve SOCKET   prints "ready", serves until its stdin ends
//	bench call SOCKET    prints "ready", then answers each line of stdin with a rate per second:
//	                     "unary IN_FLIGHT BYTES MS", "down BYTES COUNT", "up BYTES COUNT"
//	bench rpc-serve SOCKET, bench rpc-call SOCKET    see netrpc.go
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"rxplug.test/conformance/gen/probe"
)

func main() {
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2])
	case "call":
		call(os.Args[2])
	case "rpc-serve":
		serveRPC(os.Args[2])
	case "rpc-call":
		callRPC(os.Args[2])
	}
}

type server struct{ probe.UnimplementedProbeServer }

func (server) Echo(_ context.Context, payload *probe.Payload) (*probe.Payload, error) {
	return payload, nil
}

func (server) Produce(request *probe.ProduceRequest, stream probe.Probe_ProduceServer) error {
	payload := &probe.Payload{Data: make([]byte, request.Size)}
	for i := uint32(0); i < request.Count; i++ {
		if err := stream.Send(payload); err != nil {
			return err
		}
	}
	return nil
}

func (server) Consume(stream probe.Probe_ConsumeServer) error {
	count := uint32(0)
	for {
		if _, err := stream.Recv(); err == io.EOF {
			return stream.SendAndClose(&probe.Digest{Count: count})
		} else if err != nil {
			return err
		}
		count++
	}
}

func serve(socket string) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		panic(err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println("ready")
	s := grpc.NewServer(grpc.MaxRecvMsgSize(1<<30), grpc.MaxSendMsgSize(1<<30))
	probe.RegisterProbeServer(s, server{})
	panic(s.Serve(listener))
}

func call(socket string) {
	connection, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(1<<30), grpc.MaxCallSendMsgSize(1<<30)))
	if err != nil {
		panic(err)
	}
	client := probe.NewProbeClient(connection)
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var kind string
		var a, b, c int
		_, _ = fmt.Sscan(lines.Text(), &kind, &a, &b, &c)
		switch kind {
		case "unary":
			fmt.Println(unary(client, a, b, time.Duration(c)*time.Millisecond))
		case "down":
			fmt.Println(down(client, a, b))
		case "up":
			fmt.Println(up(client, a, b))
		}
	}
}

func unary(client probe.ProbeClient, inFlight, bytes int, duration time.Duration) float64 {
	payload := &probe.Payload{Data: make([]byte, bytes), Number: 1}
	var done atomic.Int64
	var group sync.WaitGroup
	begin := time.Now()
	for i := 0; i < inFlight; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for time.Since(begin) < duration {
				if _, err := client.Echo(context.Background(), payload); err != nil {
					panic(err)
				}
				done.Add(1)
			}
		}()
	}
	group.Wait()
	return float64(done.Load()) / time.Since(begin).Seconds()
}

func down(client probe.ProbeClient, bytes, count int) float64 {
	begin := time.Now()
	stream, err := client.Produce(context.Background(), &probe.ProduceRequest{Count: uint32(count), Size: uint32(bytes)})
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		if _, err := stream.Recv(); err == io.EOF {
			return float64(i) / time.Since(begin).Seconds()
		} else if err != nil {
			panic(err)
		}
	}
}

func up(client probe.ProbeClient, bytes, count int) float64 {
	payload := &probe.Payload{Data: make([]byte, bytes)}
	begin := time.Now()
	stream, err := client.Consume(context.Background())
	if err != nil {
		panic(err)
	}
	for i := 0; i < count; i++ {
		if err := stream.Send(payload); err != nil {
			panic(err)
		}
	}
	if _, err := stream.CloseAndRecv(); err != nil {
		panic(err)
	}
	return float64(count) / time.Since(begin).Seconds()
}
