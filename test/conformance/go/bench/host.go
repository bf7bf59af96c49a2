package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"rxplug.test/conformance/contract"
	"rxplug.test/conformance/gen/probe"
)

// host is go-plugin's host of the plugin program given as command. Prints "ready", then answers each line of stdin as `call` does:
//
//	"lend IN_FLIGHT 0 MS"   serves a Probe on a new broker id, lets the plugin call it once, stops serving; again and again
//	"start COUNT 0 0"       starts so many further plugins at once, each until its first answer; the median is that of one start
//	"stop 0 0 0"            ends those
//	"pid 0 0 0"             does nothing; what was done is the pid of the plugin
func host(command []string) {
	client := newClient(command)
	object := dispense(client)
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var kind string
		var a, b, c int
		_, _ = fmt.Sscan(lines.Text(), &kind, &a, &b, &c)
		before, begin := cpuMicros(), time.Now()
		done, median := 0, 0.0
		switch kind {
		case "pid":
			done = client.ReattachConfig().Pid
		case "lend":
			done, median = lendAll(object, a, begin.Add(time.Duration(c)*time.Millisecond))
		case "start":
			done, median = startAll(command, a)
		case "stop":
			killStarted()
		}
		fmt.Println(done, time.Since(begin).Seconds(), cpuMicros()-before, median)
	}
	client.Kill()
}

func newClient(command []string) *plugin.Client {
	return plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  contract.Handshake(),
		Plugins:          contract.GRPCSet(nil, nil, 0),
		Cmd:              exec.Command(command[0], command[1:]...),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	})
}

func dispense(client *plugin.Client) *contract.GRPCObject {
	protocol, err := client.Client()
	if err != nil {
		panic(err)
	}
	dispensed, err := protocol.Dispense("probe")
	if err != nil {
		panic(err)
	}
	return dispensed.(*contract.GRPCObject)
}

// lendAll lends until the time is over and returns the number of loans and their median latency in microseconds.
func lendAll(object *contract.GRPCObject, inFlight int, end time.Time) (int, float64) {
	return repeat(inFlight, end, func() { lend(object) })
}

func lend(object *contract.GRPCObject) {
	id := object.Broker.NextId()
	servers := make(chan *grpc.Server, 1)
	go object.Broker.AcceptAndServe(id, func(options []grpc.ServerOption) *grpc.Server {
		s := grpc.NewServer(options...)
		probe.RegisterProbeServer(s, &contract.ProbeServer{})
		servers <- s
		return s
	})
	_, err := probe.NewProbeClient(object.Conn).CallBack(context.Background(), &probe.CallBackRequest{BrokerId: id, Payload: &probe.Payload{Number: 1}})
	if err != nil {
		panic(err)
	}
	(<-servers).Stop()
}

// startAll starts so many plugins at once, lets each answer, and ends them after the clock was read.
func startAll(command []string, count int) (int, float64) {
	clients := make([]*plugin.Client, count)
	latencies := make([]time.Duration, count)
	var group sync.WaitGroup
	begin := time.Now()
	for i := range clients {
		clients[i] = newClient(command)
		group.Go(func() {
			object := dispense(clients[i])
			if _, err := probe.NewProbeClient(object.Conn).Echo(context.Background(), &probe.Payload{Number: 1}); err != nil {
				panic(err)
			}
			latencies[i] = time.Since(begin)
		})
	}
	group.Wait()
	started = clients
	slices.Sort(latencies)
	return count, float64(latencies[count/2].Nanoseconds()) / 1000
}

// started is what startAll has started last.
var started []*plugin.Client

func killStarted() {
	var group sync.WaitGroup
	for _, client := range started {
		group.Go(client.Kill)
	}
	group.Wait()
	started = nil
}
