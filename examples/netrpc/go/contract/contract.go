// Package contract is the Go version of contract.ts: what host and plugin share, and the net/rpc side of each plugin.
package contract

import (
	"errors"
	"net/rpc"
	"time"

	"github.com/hashicorp/go-plugin"
)

// Handshake is the same as in contract.ts.
var Handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "BASIC_PLUGIN",
	MagicCookieValue: "hello",
}

// Greeter greets.
type Greeter interface {
	Greet() (string, error)
}

// Entry is a value of the store.
type Entry struct {
	Key     string
	Value   []byte
	Tags    map[string]string
	Expires time.Time
}

// Store keeps entries by their keys.
type Store interface {
	// Put stores an entry and returns how many there are.
	Put(entry Entry) (int, error)
	Get(key string) (*Entry, error)
	Delete(key string) error
}

// Lookup is the reply to Get. A missing entry is an error in the reply; the call itself succeeds.
type Lookup struct {
	Entry *Entry
	Err   *plugin.BasicError
}

// GreeterPlugin creates the server and the client of a Greeter.
type GreeterPlugin struct{ Impl Greeter }

// Server returns what the plugin serves.
func (p *GreeterPlugin) Server(*plugin.MuxBroker) (any, error) { return &greeterServer{p.Impl}, nil }

// Client returns what the host gets from Dispense.
func (*GreeterPlugin) Client(_ *plugin.MuxBroker, client *rpc.Client) (any, error) {
	return &greeterClient{client}, nil
}

type greeterServer struct{ impl Greeter }

func (s *greeterServer) Greet(_ any, reply *string) (err error) {
	*reply, err = s.impl.Greet()
	return err
}

type greeterClient struct{ client *rpc.Client }

func (c *greeterClient) Greet() (reply string, err error) {
	err = c.client.Call("Plugin.Greet", new(any), &reply)
	return reply, err
}

// StorePlugin creates the server and the client of a Store; the plugin creates a Store for each dispense.
type StorePlugin struct{ New func() Store }

// Server returns what the plugin serves.
func (p *StorePlugin) Server(*plugin.MuxBroker) (any, error) { return &storeServer{p.New()}, nil }

// Client returns what the host gets from Dispense.
func (*StorePlugin) Client(_ *plugin.MuxBroker, client *rpc.Client) (any, error) {
	return &storeClient{client}, nil
}

type storeServer struct{ impl Store }

func (s *storeServer) Put(entry Entry, count *int) (err error) {
	*count, err = s.impl.Put(entry)
	return err
}

func (s *storeServer) Get(key string, reply *Lookup) error {
	entry, err := s.impl.Get(key)
	reply.Entry = entry
	if err != nil {
		reply.Err = plugin.NewBasicError(err)
	}
	return nil
}

func (s *storeServer) Delete(key string, _ *struct{}) error { return s.impl.Delete(key) }

type storeClient struct{ client *rpc.Client }

func (c *storeClient) Put(entry Entry) (count int, err error) {
	err = c.client.Call("Plugin.Put", entry, &count)
	return count, err
}

func (c *storeClient) Get(key string) (*Entry, error) {
	var reply Lookup
	if err := c.client.Call("Plugin.Get", key, &reply); err != nil {
		return nil, err
	}
	if reply.Err != nil {
		return nil, reply.Err
	}
	if reply.Entry == nil {
		return nil, errors.New("neither an entry nor an error")
	}
	return reply.Entry, nil
}

func (c *storeClient) Delete(key string) error {
	return c.client.Call("Plugin.Delete", key, &struct{}{})
}
