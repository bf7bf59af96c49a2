package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/yamux"
)

// Echo is served as "Plugin".
type Echo struct{}

// Echo replies with its argument.
func (Echo) Echo(data []byte, reply *[]byte) error {
	*reply = data
	return nil
}

// serveRPC serves net/rpc; the first byte of a connection tells whether a yamux session follows, every stream of which is served.
// Answers each line of stdin with the CPU time used so far, in microseconds.
func serveRPC(socket string) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go serveConnection(connection)
		}
	}()
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Println(cpuMicros())
	}
}

func serveConnection(connection net.Conn) {
	mode := make([]byte, 1)
	if _, err := io.ReadFull(connection, mode); err != nil {
		return
	}
	server := rpc.NewServer()
	if err := server.RegisterName("Plugin", Echo{}); err != nil {
		panic(err)
	}
	if mode[0] == 0 {
		server.ServeConn(connection)
		return
	}
	session, err := yamux.Server(connection, nil)
	if err != nil {
		panic(err)
	}
	for {
		stream, err := session.Accept()
		if err != nil {
			return
		}
		go server.ServeConn(stream)
	}
}

// callRPC answers each line "YAMUX IN_FLIGHT BYTES MS" of stdin with calls per second, the median and the 99th percentile of the
// latency and the CPU time of this process, in microseconds, and the number of calls.
func callRPC(socket string) {
	clients := [2]*rpc.Client{dialRPC(socket, 0), dialRPC(socket, 1)}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var mode, inFlight, bytes, ms int
		_, _ = fmt.Sscan(lines.Text(), &mode, &inFlight, &bytes, &ms)
		before, begin := cpuMicros(), time.Now()
		latencies := echo(clients[mode], inFlight, bytes, begin.Add(time.Duration(ms)*time.Millisecond))
		rate := float64(len(latencies)) / time.Since(begin).Seconds()
		used := cpuMicros() - before
		slices.Sort(latencies)
		part := func(percent int) float64 { return float64(latencies[(len(latencies)-1)*percent/100].Nanoseconds()) / 1000 }
		fmt.Println(rate, part(50), part(99), used, len(latencies))
	}
}

func dialRPC(socket string, mode byte) *rpc.Client {
	connection, err := net.Dial("unix", socket)
	if err != nil {
		panic(err)
	}
	if _, err := connection.Write([]byte{mode}); err != nil {
		panic(err)
	}
	if mode == 0 {
		return rpc.NewClient(connection)
	}
	session, err := yamux.Client(connection, nil)
	if err != nil {
		panic(err)
	}
	stream, err := session.Open()
	if err != nil {
		panic(err)
	}
	return rpc.NewClient(stream)
}

func echo(client *rpc.Client, inFlight, bytes int, end time.Time) []time.Duration {
	payload := make([]byte, bytes)
	var mu sync.Mutex
	var all []time.Duration
	var group sync.WaitGroup
	for i := 0; i < inFlight; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			var own []time.Duration
			for now := time.Now(); now.Before(end); {
				var reply []byte
				if err := client.Call("Plugin.Echo", payload, &reply); err != nil {
					panic(err)
				}
				after := time.Now()
				own = append(own, after.Sub(now))
				now = after
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, own...)
		}()
	}
	group.Wait()
	return all
}

func cpuMicros() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return (usage.Utime.Nano() + usage.Stime.Nano()) / 1000
}
