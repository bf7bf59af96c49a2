//go:build !old

package main

import (
	"context"
	"encoding/json"
	"io"
	"os"

	"github.com/hashicorp/go-plugin"
)

// serveForTest serves in test mode: the reattach configuration goes to stdout as one line of JSON, the end of stdin ends it.
func serveForTest(options *options, config *plugin.ServeConfig) {
	ctx, cancel := context.WithCancel(context.Background())
	reattach, closed := make(chan *plugin.ReattachConfig, 1), make(chan struct{})
	config.Test = &plugin.ServeTestConfig{
		Context: ctx, ReattachConfigCh: reattach, CloseCh: closed, SyncStdio: options.testStdio,
	}
	stdout := os.Stdout
	go func() {
		found := <-reattach
		_ = json.NewEncoder(stdout).Encode(map[string]any{
			"protocol": found.Protocol, "protocolVersion": found.ProtocolVersion, "pid": found.Pid, "test": found.Test,
			"network": found.Addr.Network(), "address": found.Addr.String(),
		})
	}()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	plugin.Serve(config)
	<-closed
}
