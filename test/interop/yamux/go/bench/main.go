// Command bench is one end of the yamux benchmark: hashicorp/yamux or a bare socket, as server or as the driver that measures. The
// TypeScript peer (test/bench/peers/yamux-peer.ts) speaks the same.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"
)

var (
	socket  = flag.String("socket", "", "path of the unix socket")
	carrier = flag.String("carrier", "yamux", "yamux or raw")
)

// opener makes one stream to the server.
type opener func() (net.Conn, error)

func main() {
	flag.Parse()
	if flag.Arg(0) == "serve" {
		serve()
		return
	}
	open := dialer()
	run := map[string]job{"throughput": throughput, "streams": streams, "echo": echo}[flag.Arg(0)]
	var args []int
	for _, text := range flag.Args()[1:] {
		value, err := strconv.Atoi(text)
		check(err)
		args = append(args, value)
	}
	duration := time.Duration(args[0]) * time.Millisecond
	run(open, args[1:], time.Now().Add(duration/4)) // Warm.
	start := time.Now()
	amount := run(open, args[1:], start.Add(duration))
	json.NewEncoder(os.Stdout).Encode(map[string]float64{"rate": float64(amount) / time.Since(start).Seconds()})
}

// job works until the deadline and says how much it did.
type job func(open opener, args []int, deadline time.Time) int64

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func serve() {
	listener, err := net.Listen("unix", *socket)
	check(err)
	fmt.Println("ready")
	for {
		conn, err := listener.Accept()
		check(err)
		if *carrier == "raw" {
			go answer(conn)
			continue
		}
		session, err := yamux.Server(conn, nil)
		check(err)
		go func() {
			for {
				stream, err := session.Accept()
				if err != nil {
					return
				}
				go answer(stream)
			}
		}()
	}
}

// answer returns what comes for a first byte of 'E'; for 'S' it swallows everything up to the end and then sends one byte.
func answer(stream net.Conn) {
	defer stream.Close()
	kind := make([]byte, 1)
	if _, err := io.ReadFull(stream, kind); err != nil {
		return
	}
	if kind[0] == 'E' {
		io.Copy(stream, struct{ io.Reader }{stream})
		return
	}
	buffer := make([]byte, 65536)
	for {
		if _, err := stream.Read(buffer); err != nil {
			break
		}
	}
	stream.Write([]byte{'k'})
}

func dialer() opener {
	dial := func() (net.Conn, error) { return net.Dial("unix", *socket) }
	if *carrier == "raw" {
		return dial
	}
	conn, err := dial()
	check(err)
	session, err := yamux.Client(conn, nil)
	check(err)
	return session.Open
}

func closeWrite(stream net.Conn) {
	if half, ok := stream.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	} else {
		stream.Close()
	}
}

// throughput sends writes of CHUNK bytes on STREAMS at once, and counts bytes.
func throughput(open opener, args []int, deadline time.Time) int64 {
	chunk, streams := args[0], args[1]
	var running sync.WaitGroup
	var total atomic.Int64
	for i := 0; i < streams; i++ {
		running.Add(1)
		go func() {
			defer running.Done()
			stream, err := open()
			check(err)
			defer stream.Close()
			_, err = stream.Write([]byte{'S'})
			check(err)
			buffer := make([]byte, chunk)
			for sent := 0; sent&0xfffff != 0 || time.Now().Before(deadline); sent += chunk {
				_, err = stream.Write(buffer)
				check(err)
				total.Add(int64(chunk))
			}
			closeWrite(stream)
			_, err = io.ReadFull(stream, buffer[:1])
			check(err)
		}()
	}
	running.Wait()
	return total.Load()
}

// streams opens one stream after the other, CONCURRENT at a time, takes one byte there and back on each, and counts streams.
func streams(open opener, args []int, deadline time.Time) int64 {
	var running sync.WaitGroup
	var total atomic.Int64
	for i := 0; i < args[0]; i++ {
		running.Add(1)
		go func() {
			defer running.Done()
			for time.Now().Before(deadline) {
				stream, err := open()
				check(err)
				_, err = stream.Write([]byte{'E', 'x'})
				check(err)
				closeWrite(stream)
				got, err := io.ReadAll(stream)
				check(err)
				if len(got) != 1 {
					check(fmt.Errorf("%d bytes came back", len(got)))
				}
				stream.Close()
				total.Add(1)
			}
		}()
	}
	running.Wait()
	return total.Load()
}

// echo takes messages of SIZE bytes there and back on one stream, INFLIGHT at a time, and counts messages.
func echo(open opener, args []int, deadline time.Time) int64 {
	size, inFlight := args[0], args[1]
	stream, err := open()
	check(err)
	defer stream.Close()
	_, err = stream.Write([]byte{'E'})
	check(err)
	tokens := make(chan struct{}, inFlight)
	done := make(chan int64)
	go func() {
		message := make([]byte, size)
		count := int64(0)
		for time.Now().Before(deadline) {
			tokens <- struct{}{}
			_, err := stream.Write(message)
			check(err)
			count++
		}
		closeWrite(stream)
		done <- count
	}()
	answer := make([]byte, size)
	for {
		if _, err := io.ReadFull(stream, answer); err != nil {
			return <-done
		}
		<-tokens
	}
}
