// Go's net/rpc over a unix socket, both roles.
//
//	rpcpeer server <socket>                    serves, prints "ready"; ends with its stdin
//	rpcpeer client <socket>                    calls the scripted sequence, prints one JSON line per outcome
//	rpcpeer bench <socket> <in flight> <ms>    echoes 100 bytes, prints calls per second
package main

import (
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type PutArgs struct {
	Key   string
	Value []byte
	Tags  map[string]interface{}
}
type PutReply struct {
	Size int
	Echo PutArgs
}
type BasicError struct{ Message string }

func (e *BasicError) Error() string { return e.Message }

type Outcome struct {
	Value interface{}
	Err   error
}

type Plugin struct{ gate chan struct{} }

func (p *Plugin) Greet(name string, reply *string) error { *reply = "Hello, " + name; return nil }
func (p *Plugin) Put(args *PutArgs, reply *PutReply) error {
	*reply = PutReply{len(args.Value), *args}
	return nil
}
func (p *Plugin) Fail(text string, reply *int) error            { return errors.New(text) }
func (p *Plugin) Echo(b []byte, reply *[]byte) error            { *reply = b; return nil }
func (p *Plugin) Empty(_ struct{}, reply *struct{}) error       { return nil }
func (p *Plugin) Nothing(_ interface{}, reply *string) error    { *reply = "nothing"; return nil }
func (p *Plugin) Count(_ struct{}, reply *map[string]int) error { return nil }

// Wait answers only after Open was called: later requests must overtake it.
func (p *Plugin) Wait(n int, reply *int) error           { <-p.gate; *reply = n * 2; return nil }
func (p *Plugin) Open(_ struct{}, reply *struct{}) error { close(p.gate); return nil }
func (p *Plugin) Result(kind string, reply *Outcome) error {
	switch kind {
	case "error":
		reply.Err = &BasicError{"inner"}
	case "map":
		reply.Value = map[string]interface{}{"n": 12, "deep": []interface{}{"a", 2.5}}
	}
	return nil
}

func main() {
	gob.RegisterName("*plugin.BasicError", &BasicError{})
	gob.Register(map[string]interface{}{})
	gob.Register([]interface{}{})
	switch os.Args[1] {
	case "server":
		serve(os.Args[2])
	case "client":
		call(os.Args[2])
	case "bench":
		bench(os.Args[2], os.Args[3], os.Args[4])
	}
}

func serve(path string) {
	listener, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			server := rpc.NewServer()
			server.RegisterName("Plugin", &Plugin{make(chan struct{})})
			go server.ServeConn(connection)
		}
	}()
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	listener.Close()
}

func dial(path string) *rpc.Client {
	client, err := rpc.Dial("unix", path)
	if err != nil {
		panic(err)
	}
	return client
}

func call(path string) {
	client := dial(path)
	out := json.NewEncoder(os.Stdout)
	report := func(name string, value interface{}, err error) {
		line := map[string]interface{}{"name": name, "value": value}
		if err != nil {
			line["error"] = err.Error()
		}
		out.Encode(line)
	}
	var text string
	report("Greet", &text, client.Call("Plugin.Greet", "Go", &text))
	put := PutReply{}
	args := PutArgs{"k", []byte{1, 2, 3}, map[string]interface{}{"a": 1, "b": "x"}}
	report("Put", &put, client.Call("Plugin.Put", args, &put))
	var number int
	report("Fail", nil, client.Call("Plugin.Fail", "no such luck", &number))
	report("unknown method", nil, client.Call("Plugin.Nope", "x", &text))
	report("unknown service", nil, client.Call("Nope.Greet", args, &text))
	report("ill-formed", nil, client.Call("Greet", "x", &text))
	report("wrong argument", nil, client.Call("Plugin.Greet", 5, &text))
	report("wrong argument deep", nil, client.Call("Plugin.Put", struct{ Key int }{1}, &put))
	report("still usable", &text, client.Call("Plugin.Greet", "again", &text))
	large := []byte(strings.Repeat("0123456789abcdef", 1<<18))
	var echoed []byte
	err := client.Call("Plugin.Echo", large, &echoed)
	report("large", string(echoed) == string(large), err)
	wait := client.Go("Plugin.Wait", 21, &number, nil)
	err = client.Call("Plugin.Open", struct{}{}, &struct{}{})
	<-wait.Done
	report("overtaken", number, errors.Join(err, wait.Error))
	report("nothing", &text, client.Call("Plugin.Nothing", new(interface{}), &text))
	outcome := Outcome{}
	err = client.Call("Plugin.Result", "error", &outcome)
	report("error in an interface", fmt.Sprint(outcome.Err), err)
	outcome = Outcome{}
	err = client.Call("Plugin.Result", "map", &outcome)
	report("map in an interface", outcome.Value, err)
	report("concurrent", concurrent(client), nil)
	report("wrong reply", nil, client.Call("Plugin.Greet", "x", &number))
	client.Close()
}

// concurrent makes 200 calls at once and counts the right answers.
func concurrent(client *rpc.Client) int {
	var right atomic.Int64
	var group sync.WaitGroup
	for i := 0; i < 200; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			var reply string
			if client.Call("Plugin.Greet", fmt.Sprint(i), &reply) == nil && reply == fmt.Sprint("Hello, ", i) {
				right.Add(1)
			}
		}()
	}
	group.Wait()
	return int(right.Load())
}

func bench(path, inFlight, ms string) {
	workers, _ := strconv.Atoi(inFlight)
	duration, _ := strconv.Atoi(ms)
	client := dial(path)
	payload := make([]byte, 100)
	var done atomic.Int64
	var group sync.WaitGroup
	begin := time.Now()
	end := begin.Add(time.Duration(duration) * time.Millisecond)
	for i := 0; i < workers; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for time.Now().Before(end) {
				var reply []byte
				if err := client.Call("Plugin.Echo", payload, &reply); err != nil {
					panic(err)
				}
				done.Add(1)
			}
		}()
	}
	group.Wait()
	fmt.Println(float64(done.Load()) / time.Since(begin).Seconds())
}
