package contract

import (
	"context"
	"encoding/gob"
	"net/rpc"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"rxplug.test/conformance/gen/kv"
	"rxplug.test/conformance/gen/probe"
)

func init() {
	// Concrete types that Everything.Any may carry.
	gob.Register(Nested{})
	gob.Register(map[string]any{})
	gob.Register([]any{})
	gob.Register(&plugin.BasicError{})
}

// GRPCObject is what a host gets by dispensing a gRPC plugin: everything it needs in order to call anything.
type GRPCObject struct {
	// Context is cancelled when the plugin's process ends.
	Context context.Context
	Broker  *plugin.GRPCBroker
	Conn    *grpc.ClientConn
}

// RPCObject is what a host gets by dispensing a net/rpc plugin.
type RPCObject struct {
	Broker *plugin.MuxBroker
	Client *rpc.Client
}

// GRPCKind is a plugin kind over gRPC; Register adds its service to the plugin's server.
type GRPCKind struct {
	plugin.NetRPCUnsupportedPlugin
	Register func(*plugin.GRPCBroker, *grpc.Server)
}

// GRPCServer implements plugin.GRPCPlugin.
func (k *GRPCKind) GRPCServer(broker *plugin.GRPCBroker, server *grpc.Server) error {
	k.Register(broker, server)
	return nil
}

// GRPCClient implements plugin.GRPCPlugin.
func (k *GRPCKind) GRPCClient(ctx context.Context, broker *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return &GRPCObject{Context: ctx, Broker: broker, Conn: conn}, nil
}

// RPCKind is a plugin kind over net/rpc; New makes the object that each dispensing gets.
type RPCKind struct {
	New func(*plugin.MuxBroker) (any, error)
}

// Server implements plugin.Plugin.
func (k *RPCKind) Server(broker *plugin.MuxBroker) (any, error) { return k.New(broker) }

// Client implements plugin.Plugin.
func (k *RPCKind) Client(broker *plugin.MuxBroker, client *rpc.Client) (any, error) {
	return &RPCObject{Broker: broker, Client: client}, nil
}

// GRPCSet is the set of plugins over gRPC.
func GRPCSet(process *Process, store *Store, version int) plugin.PluginSet {
	return plugin.PluginSet{
		"kv": &GRPCKind{Register: func(_ *plugin.GRPCBroker, server *grpc.Server) {
			kv.RegisterKVServer(server, &KVServer{Store: store})
		}},
		"probe": &GRPCKind{Register: func(broker *plugin.GRPCBroker, server *grpc.Server) {
			probe.RegisterProbeServer(server, &ProbeServer{Process: process, Version: version, Broker: broker})
		}},
	}
}

// NetRPCSet is the set of plugins over net/rpc.
func NetRPCSet(process *Process, store *Store, version int) plugin.PluginSet {
	return plugin.PluginSet{
		"kv":      &RPCKind{New: func(*plugin.MuxBroker) (any, error) { return &KVRPC{Store: store}, nil }},
		"greeter": &RPCKind{New: func(broker *plugin.MuxBroker) (any, error) { return &GreeterRPC{Broker: broker}, nil }},
		"probe": &RPCKind{New: func(broker *plugin.MuxBroker) (any, error) {
			return &ProbeRPC{Process: process, Version: version, Broker: broker}, nil
		}},
	}
}
