// Command host is the Go version of host.ts: it runs the plugin given as arguments and lends it a referee for one call.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"rxplug.example/merge/contract"
)

// referee runs in the host; the plugin calls it.
type referee struct{}

func (referee) Decide(_ context.Context, key, ours, theirs string) (string, error) {
	fmt.Printf("conflict about %s: %s or %s?\n", key, ours, theirs)
	if len(ours) >= len(theirs) {
		return ours, nil
	}
	return theirs, nil
}

func run(command []string) error {
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  contract.Handshake,
		Plugins:          plugin.PluginSet{"merger": &contract.MergerPlugin{}},
		Cmd:              exec.Command(command[0], command[1:]...), // "node", "plugin.js"
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr}),
	})
	defer client.Kill()
	protocol, err := client.Client()
	if err != nil {
		return err
	}
	dispensed, err := protocol.Dispense("merger")
	if err != nil {
		return err
	}
	ours := contract.Document{"title": "Plugins", "author": "Ada", "licence": "MPL-2.0"}
	theirs := contract.Document{"title": "Plugins in Node", "author": "Ada", "year": "2026"}
	merged, err := dispensed.(contract.Merger).Merge(context.Background(), ours, theirs, referee{})
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(merged)) {
		fmt.Printf("%s = %s\n", key, merged[key])
	}
	return nil
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: host COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
