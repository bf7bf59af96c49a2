package contract

import (
	"fmt"
	"net/rpc"

	"github.com/hashicorp/go-plugin"
)

// GreetThroughArgs asks for a greeting decorated by the caller.
type GreetThroughArgs struct {
	Name string
	// A broker id that the caller accepts; it serves Decorate there.
	BrokerID uint32
}

// GreeterRPC is go-plugin's basic example, with names and callbacks added.
type GreeterRPC struct {
	Broker *plugin.MuxBroker
}

// Greet takes no argument, the way go-plugin's basic example does: the caller sends a nil interface value.
func (s *GreeterRPC) Greet(_ any, reply *string) error {
	*reply = "Hello!"
	return nil
}

// GreetName greets by name.
func (s *GreeterRPC) GreetName(name string, reply *string) error {
	if name == "" {
		return fmt.Errorf("nobody to greet")
	}
	*reply = "Hello, " + name + "!"
	return nil
}

// GreetThrough dials the caller's broker id and lets it decorate the greeting.
func (s *GreeterRPC) GreetThrough(args GreetThroughArgs, reply *string) error {
	conn, err := s.Broker.Dial(args.BrokerID)
	if err != nil {
		return fmt.Errorf("dial %d: %w", args.BrokerID, err)
	}
	client := rpc.NewClient(conn)
	defer func() { _ = client.Close() }()
	return client.Call("Plugin.Decorate", "Hello, "+args.Name+"!", reply)
}

// Offer accepts a new broker id and serves one connection to a greeter there; replies with the id.
func (s *GreeterRPC) Offer(_ struct{}, id *uint32) error {
	*id = s.Broker.NextId()
	go s.Broker.AcceptAndServe(*id, &GreeterRPC{Broker: s.Broker})
	return nil
}

// DecoratorRPC is what a host serves to GreetThrough.
type DecoratorRPC struct{ Prefix, Suffix string }

// Decorate puts text between the prefix and the suffix.
func (s *DecoratorRPC) Decorate(text string, reply *string) error {
	*reply = s.Prefix + text + s.Suffix
	return nil
}
