// grpc-go, and Go's net/rpc, as server and as client of benchmarks, over a unix socket.
//
//	bench serve SOCKET [TLS]   prints "ready", serves until its stdin ends; answers each line of it with the CPU time used, in microseconds
//	bench call SOCKET [TLS]    prints "ready", then answers each line of stdin:
//	                           "unary IN_FLIGHT BYTES MS", "down BYTES COUNT MS", "up BYTES COUNT MS", the latter again and again;
//	                           with calls or messages, seconds, CPU time of this process and the median latency, in microseconds;
//	                           "cancel IN_FLIGHT 0 MS" makes calls and cancels them at once, and counts the calls beside them that end well
//
// TLS is a directory with cert.pem, key.pem and ca.pem.
//
//	bench rpc-serve SOCKET, bench rpc-call SOCKET    see netrpc.go
//	bench host PLUGIN ...                            see host.go
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"rxplug.test/conformance/contract"
	"rxplug.test/conformance/gen/probe"
)

func main() {
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2], transport(os.Args[3:]))
	case "call":
		call(os.Args[2], transport(os.Args[3:]))
	case "rpc-serve":
		serveRPC(os.Args[2])
	case "rpc-call":
		callRPC(os.Args[2])
	case "host":
		host(os.Args[2:])
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

func transport(args []string) credentials.TransportCredentials {
	if len(args) == 0 {
		return insecure.NewCredentials()
	}
	config, err := contract.LoadTLS(args[0], "localhost")
	if err != nil {
		panic(err)
	}
	return credentials.NewTLS(config)
}

func serve(socket string, transport credentials.TransportCredentials) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		panic(err)
	}
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			fmt.Println(cpuMicros())
		}
		os.Exit(0)
	}()
	fmt.Println("ready")
	s := grpc.NewServer(grpc.Creds(transport), grpc.MaxRecvMsgSize(1<<30), grpc.MaxSendMsgSize(1<<30))
	probe.RegisterProbeServer(s, server{})
	panic(s.Serve(listener))
}

func call(socket string, transport credentials.TransportCredentials) {
	connection, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(transport), grpc.WithAuthority("localhost"),
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
		before, begin := cpuMicros(), time.Now()
		end := begin.Add(time.Duration(c) * time.Millisecond)
		done, median := 0, 0.0
		switch kind {
		case "unary":
			done, median = unary(client, a, b, end)
		case "down":
			for time.Now().Before(end) {
				done += down(client, a, b)
			}
		case "up":
			for time.Now().Before(end) {
				done += up(client, a, b)
			}
		case "cancel":
			done = cancel(client, a, end)
		}
		fmt.Println(done, time.Since(begin).Seconds(), cpuMicros()-before, median)
	}
}

// unary makes calls until the time is over and returns their number and their median latency in microseconds.
func unary(client probe.ProbeClient, inFlight, bytes int, end time.Time) (int, float64) {
	payload := &probe.Payload{Data: make([]byte, bytes), Number: 1}
	return repeat(inFlight, end, func() {
		if _, err := client.Echo(context.Background(), payload); err != nil {
			panic(err)
		}
	})
}

// repeat keeps so many pieces of work going until the time is over and returns their number and their median latency in microseconds.
func repeat(inFlight int, end time.Time, work func()) (int, float64) {
	latencies := make([][]time.Duration, inFlight)
	var group sync.WaitGroup
	for i := range latencies {
		group.Go(func() {
			for now := time.Now(); now.Before(end); {
				work()
				after := time.Now()
				latencies[i] = append(latencies[i], after.Sub(now))
				now = after
			}
		})
	}
	group.Wait()
	all := slices.Concat(latencies...)
	slices.Sort(all)
	return len(all), float64(all[len(all)/2].Nanoseconds()) / 1000
}

// cancel makes unary calls and streams and cancels them at once, so many at a time, until the time is over. Returns the number of calls
// that were made beside them, one after the other; each must end well.
func cancel(client probe.ProbeClient, inFlight int, end time.Time) (answered int) {
	var group sync.WaitGroup
	for range inFlight {
		group.Go(func() {
			for time.Now().Before(end) {
				cancelOne(client)
			}
		})
	}
	for time.Now().Before(end) {
		if _, err := client.Echo(context.Background(), &probe.Payload{Number: 1}); err != nil {
			panic(err)
		}
		answered++
	}
	group.Wait()
	return answered
}

func cancelOne(client probe.ProbeClient) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stream, err := client.Produce(ctx, &probe.ProduceRequest{Count: 1000, Size: 10})
	if err == nil {
		_, err = stream.Recv()
	}
	if err != nil {
		panic(err)
	}
	soon, cancelSoon := context.WithTimeout(ctx, 100*time.Microsecond)
	defer cancelSoon()
	if _, err := client.Echo(soon, &probe.Payload{Number: 1}); err != nil && status.Code(err) != codes.DeadlineExceeded {
		panic(err)
	}
}

// seen is kept, or the compiler could find out that nobody looks.
var seen byte

func down(client probe.ProbeClient, bytes, count int) int {
	stream, err := client.Produce(context.Background(), &probe.ProduceRequest{Count: uint32(count), Size: uint32(bytes)})
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		payload, err := stream.Recv()
		if err == io.EOF {
			return i
		}
		if err != nil {
			panic(err)
		}
		seen += payload.Data[0] + payload.Data[len(payload.Data)-1]
	}
}

func up(client probe.ProbeClient, bytes, count int) int {
	payload := &probe.Payload{Data: make([]byte, bytes)}
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
	return count
}
