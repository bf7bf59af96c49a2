package main

import (
	"net/rpc"

	"rxplug.test/conformance/contract"
)

// brokerCommand names a dispensed object, whose broker is used, and an id.
type brokerCommand struct {
	Object string `json:"object"`
	ID     uint32 `json:"brokerId"`
	// Serve says what a net/rpc offer serves: "decorator" or "greeter".
	Serve  string `json:"serve"`
	Prefix string `json:"prefix"`
	Suffix string `json:"suffix"`
}

func (c *brokerCommand) find(host *host) (*object, error) {
	found, err := find(host, host.objects, c.Object)
	if err == nil && found.grpc == nil && found.rpc == nil {
		err = &commandError{"this object has no broker"}
	}
	return found, err
}

func (o *object) nextID() uint32 {
	if o.grpc != nil {
		return o.grpc.Broker.NextId()
	}
	return o.rpc.Broker.NextId()
}

func nextID(host *host, command brokerCommand) (any, error) {
	object, err := command.find(host)
	if err != nil {
		return nil, err
	}
	return map[string]any{"brokerId": object.nextID()}, nil
}

// offer serves a probe (gRPC) or a net/rpc object on a broker id, a new one if none is given.
func offer(host *host, command brokerCommand) (any, error) {
	object, err := command.find(host)
	if err != nil {
		return nil, err
	}
	id := command.ID
	if id == 0 {
		id = object.nextID()
	}
	if object.grpc != nil {
		object.client.hostProbe(host, object.grpc).OfferID(id)
		return map[string]any{"brokerId": id}, nil
	}
	var served any = &contract.DecoratorRPC{Prefix: command.Prefix, Suffix: command.Suffix}
	if command.Serve == "greeter" {
		served = &contract.GreeterRPC{Broker: object.rpc.Broker}
	}
	go object.rpc.Broker.AcceptAndServe(id, served)
	return map[string]any{"brokerId": id}, nil
}

func (c *client) hostProbe(host *host, object *contract.GRPCObject) *contract.ProbeServer {
	host.mu.Lock()
	defer host.mu.Unlock()
	if c.probe == nil {
		c.probe = &contract.ProbeServer{Process: host.process, Broker: object.Broker}
	}
	return c.probe
}

// withdraw ends an offer, or all of them for id 0.
func withdraw(host *host, command brokerCommand) (any, error) {
	object, err := command.find(host)
	if err != nil {
		return nil, err
	}
	if object.grpc != nil && command.ID == 0 {
		object.client.hostProbe(host, object.grpc).WithdrawAll()
		return nil, nil
	}
	if object.grpc == nil || !object.client.hostProbe(host, object.grpc).WithdrawID(command.ID) {
		return nil, &commandError{"nothing is offered there"}
	}
	return nil, nil
}

// dial connects to an id that the plugin accepts; the result is an object to call.
func dial(host *host, command brokerCommand) (any, error) {
	found, err := command.find(host)
	if err != nil {
		return nil, err
	}
	if found.grpc != nil {
		conn, err := found.grpc.Broker.Dial(command.ID)
		if err != nil {
			return nil, err
		}
		return map[string]any{"object": add(host, host.objects, "object", &object{client: found.client, dialed: conn})}, nil
	}
	conn, err := found.rpc.Broker.Dial(command.ID)
	if err != nil {
		return nil, err
	}
	dialed := &contract.RPCObject{Broker: found.rpc.Broker, Client: rpc.NewClient(conn)}
	return map[string]any{"object": add(host, host.objects, "object", &object{client: found.client, rpc: dialed})}, nil
}

// closeObject closes a dialed connection, or the net/rpc stream of a dispensed plugin.
func closeObject(host *host, command objectName) (any, error) {
	object, err := find(host, host.objects, command.Object)
	if err != nil {
		return nil, err
	}
	if object.dialed != nil {
		return nil, object.dialed.Close()
	}
	if object.rpc != nil {
		return nil, object.rpc.Client.Close()
	}
	return nil, &commandError{"a dispensed gRPC plugin has no connection of its own"}
}
