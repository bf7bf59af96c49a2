package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"rxplug.test/conformance/contract"
)

// closeLimit bounds the orderly end of all plugins when the driver is gone.
const closeLimit = 5 * time.Second

// host holds everything that commands name: clients, objects, calls, streams.
type host struct {
	output  *output
	process *contract.Process

	mu      sync.Mutex
	next    int
	clients map[string]*client
	objects map[string]*object
	calls   map[string]*call
	streams map[string]*stream
}

// client is one go-plugin client and what belongs to it.
type client struct {
	plugin *plugin.Client
	// pid of the plugin, remembered because the library forgets it; 0 if unknown.
	pid int
	// probe serves the host's side of brokered connections; made at the first offer.
	probe *contract.ProbeServer
}

// object is a dispensed plugin, or a connection dialed through a broker.
type object struct {
	client *client
	grpc   *contract.GRPCObject
	rpc    *contract.RPCObject
	dialed *grpc.ClientConn
}

func newHost(output *output) *host {
	return &host{
		output:  output,
		process: contract.NewProcess(hclog.NewNullLogger()),
		clients: map[string]*client{},
		objects: map[string]*object{},
		calls:   map[string]*call{},
		streams: map[string]*stream{},
	}
}

// name makes a new name; call it with the lock held.
func (h *host) name(prefix string) string {
	h.next++
	return prefix + strconv.Itoa(h.next)
}

// add files a value under a new name.
func add[Value any](h *host, where map[string]Value, prefix string, value Value) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	name := h.name(prefix)
	where[name] = value
	return name
}

// find looks a name up.
func find[Value any](h *host, where map[string]Value, name string) (Value, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	value, ok := where[name]
	if !ok {
		return value, &commandError{fmt.Sprintf("there is no %q", name)}
	}
	return value, nil
}

// close ends all plugins: orderly, and after a while by force.
func (h *host) close() {
	h.mu.Lock()
	clients := make([]*client, 0, len(h.clients))
	for _, client := range h.clients {
		clients = append(clients, client)
	}
	for _, call := range h.calls {
		call.cancel()
	}
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	var all sync.WaitGroup
	for _, client := range clients {
		all.Add(1)
		go func() {
			defer all.Done()
			client.end(ctx)
		}()
	}
	all.Wait()
}

func (c *client) end(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.plugin.Kill()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		if c.pid > 0 {
			_ = syscall.Kill(c.pid, syscall.SIGKILL)
		}
	}
}
