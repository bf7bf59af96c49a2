// Command guide is the Go host of docs/plugin.md: it starts the plugin whose command line it is given, stores a value and reads it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"rxplug.test/conformance/gen/kv"
)

// #region go-host

// kvPlugin says how the Go host makes its client.
type kvPlugin struct {
	plugin.NetRPCUnsupportedPlugin
}

func (kvPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return kv.NewKVClient(conn), nil
}

func (kvPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }

func run(command []string) error {
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  1,
			MagicCookieKey:   "RXPLUG_KV_PLUGIN",
			MagicCookieValue: "6d1c1d6b-8a4e-4b5e-9a6a-2d7c6f2b4c1e",
		},
		Plugins:          plugin.PluginSet{"kv": kvPlugin{}},
		Cmd:              exec.Command(command[0], command[1:]...), // "node", "plugin.js"
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
	})
	defer client.Kill()
	protocol, err := client.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense("kv")
	if err != nil {
		return err
	}
	response, err := raw.(kv.KVClient).Put(context.Background(), &kv.PutRequest{Key: "a", Value: []byte("1")})
	if err != nil {
		return err
	}
	fmt.Println("revision", response.GetRevision())
	return nil
}

// #endregion go-host

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
