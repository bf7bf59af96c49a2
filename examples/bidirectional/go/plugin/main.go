// Command plugin is the Go version of plugin.ts: it merges two documents and asks the caller's referee about conflicts.
package main

import (
	"context"
	"maps"

	"github.com/hashicorp/go-plugin"

	"rxplug.example/merge/contract"
)

type merger struct{}

func (merger) Merge(
	ctx context.Context, ours, theirs contract.Document, referee contract.Referee,
) (contract.Document, error) {
	merged := maps.Clone(theirs)
	if merged == nil {
		merged = contract.Document{}
	}
	for key, value := range ours {
		other, both := theirs[key]
		if both && other != value {
			decided, err := referee.Decide(ctx, key, value, other)
			if err != nil {
				return nil, err
			}
			value = decided
		}
		merged[key] = value
	}
	return merged, nil
}

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: contract.Handshake,
		Plugins:         plugin.PluginSet{"merger": &contract.MergerPlugin{Impl: merger{}}},
		GRPCServer:      plugin.DefaultGRPCServer,
	})
}
