// Command host starts the plugin whose file it is given, stores a value and reads it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"example.com/host/gen"
)

// storePlugin says how the host makes its client.
type storePlugin struct {
	plugin.NetRPCUnsupportedPlugin
}

func (storePlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return gen.NewStoreClient(conn), nil
}

func (storePlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }

func run(file string) error {
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  1,
			MagicCookieKey:   "STORE_PLUGIN",
			MagicCookieValue: "a8f1c0d2",
		},
		Plugins:          plugin.PluginSet{"store": storePlugin{}},
		Cmd:              exec.Command(file),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		Logger:           hclog.New(&hclog.LoggerOptions{Name: "host", Level: hclog.Info, Output: os.Stderr}),
	})
	defer client.Kill()
	protocol, err := client.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense("store")
	if err != nil {
		return err
	}
	store := raw.(gen.StoreClient)
	put, err := store.Put(context.Background(), &gen.PutRequest{Key: "planet", Value: []byte("mars")})
	if err != nil {
		return err
	}
	got, err := store.Get(context.Background(), &gen.GetRequest{Key: "planet"})
	if err != nil {
		return err
	}
	fmt.Printf("revision %d: %s\n", put.GetRevision(), got.GetValue())
	return nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: host PLUGIN")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
