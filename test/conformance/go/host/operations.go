package main

import (
	"strconv"

	"github.com/hashicorp/go-plugin"

	"rxplug.test/conformance/contract"
)

// operations are all commands by name.
var operations map[string]operation

func init() {
	operations = map[string]operation{
		"create":         typed(create),
		"start":          typed(start),
		"connect":        typed(connect),
		"dispense":       typed(dispense),
		"ping":           typed(ping),
		"kill":           typed(kill),
		"cleanup":        typed(cleanup),
		"state":          typed(state),
		"reattachConfig": typed(reattachConfig),
		"awaitContext":   typed(awaitContext),

		"call":       typed(openCall),
		"send":       typed(sendMessage),
		"closeSend":  typed(closeSend),
		"receive":    typed(receiveMessage),
		"header":     typed(callHeader),
		"trailer":    typed(callTrailer),
		"cancel":     typed(cancelCall),
		"invoke":     typed(invoke),
		"netrpc":     typed(callRPC),
		"closeNamed": typed(closeObject),

		"nextId":   typed(nextID),
		"offer":    typed(offer),
		"withdraw": typed(withdraw),
		"dial":     typed(dial),

		"acceptStream": typed(acceptStream),
		"dialStream":   typed(dialStream),
		"writeStream":  typed(writeStream),
		"readStream":   typed(readStream),
		"closeStream":  typed(closeStream),
	}
}

type clientName struct {
	Client string `json:"client"`
}

func create(host *host, command config) (any, error) {
	if command.Client == "" {
		return nil, &commandError{"a client needs a name"}
	}
	built, err := command.build(host)
	if err != nil {
		return nil, err
	}
	host.mu.Lock()
	defer host.mu.Unlock()
	host.clients[command.Client] = &client{plugin: plugin.NewClient(built)}
	return nil, nil
}

func start(host *host, command clientName) (any, error) {
	client, err := find(host, host.clients, command.Client)
	if err != nil {
		return nil, err
	}
	address, err := client.plugin.Start()
	client.pid, _ = strconv.Atoi(idOf(client.plugin))
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"network": address.Network(), "address": address.String(), "protocol": client.plugin.Protocol(),
		"version": client.plugin.NegotiatedVersion(), "id": idOf(client.plugin),
	}, nil
}

func connect(host *host, command clientName) (any, error) {
	client, err := find(host, host.clients, command.Client)
	if err != nil {
		return nil, err
	}
	_, err = client.plugin.Client()
	return nil, err
}

type dispenseCommand struct {
	Client string `json:"client"`
	Name   string `json:"name"`
}

func dispense(host *host, command dispenseCommand) (any, error) {
	client, err := find(host, host.clients, command.Client)
	if err != nil {
		return nil, err
	}
	protocol, err := client.plugin.Client()
	if err != nil {
		return nil, err
	}
	raw, err := protocol.Dispense(command.Name)
	if err != nil {
		return nil, err
	}
	found := &object{client: client}
	switch dispensed := raw.(type) {
	case *contract.GRPCObject:
		found.grpc = dispensed
	case *contract.RPCObject:
		found.rpc = dispensed
	}
	return map[string]any{"object": add(host, host.objects, "object", found)}, nil
}

func ping(host *host, command clientName) (any, error) {
	client, err := find(host, host.clients, command.Client)
	if err != nil {
		return nil, err
	}
	protocol, err := client.plugin.Client()
	if err != nil {
		return nil, err
	}
	return nil, protocol.Ping()
}

func kill(host *host, command clientName) (any, error) {
	client, err := find(host, host.clients, command.Client)
	if err != nil {
		return nil, err
	}
	client.plugin.Kill()
	return nil, nil
}

func cleanup(*host, struct{}) (any, error) {
	plugin.CleanupClients()
	return nil, nil
}

func state(host *host, command clientName) (any, error) {
	client, err := find(host, host.clients, command.Client)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"exited": client.plugin.Exited(), "id": idOf(client.plugin), "version": client.plugin.NegotiatedVersion(),
	}, nil
}

func reattachConfig(host *host, command clientName) (any, error) {
	client, err := find(host, host.clients, command.Client)
	if err != nil {
		return nil, err
	}
	found := client.plugin.ReattachConfig()
	if found == nil {
		return map[string]any{"reattach": nil}, nil
	}
	return map[string]any{"reattach": attached(found)}, nil
}

// awaitContext returns when the context that the gRPC plugin's client got is cancelled.
func awaitContext(host *host, command objectName) (any, error) {
	object, err := find(host, host.objects, command.Object)
	if err != nil {
		return nil, err
	}
	if object.grpc == nil {
		return nil, &commandError{"not a gRPC plugin"}
	}
	<-object.grpc.Context.Done()
	return nil, nil
}
