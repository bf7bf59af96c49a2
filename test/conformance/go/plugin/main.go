// Command plugin is a go-plugin plugin whose flags select every way a plugin can present itself.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"rxplug.test/conformance/contract"
)

func main() {
	options, err := parseOptions(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	time.Sleep(options.startDelay)
	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: os.Stderr, JSONFormat: true})
	process := contract.NewProcess(logger)
	config := serveConfig(options, process)
	switch {
	case options.test:
		serveForTest(options, config)
	default:
		if options.tcp || options.handshake != "" {
			if err := rewriteHandshake(options, process.RealStdout); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(2)
			}
		}
		plugin.Serve(config)
	}
	time.Sleep(options.slowShutdown)
	if options.shutdown == "hang" {
		select {}
	}
}

func serveConfig(options *options, process *contract.Process) *plugin.ServeConfig {
	store := contract.NewStore()
	set := func(protocol string, version int) plugin.PluginSet {
		if protocol == "grpc" {
			return contract.GRPCSet(process, store, version)
		}
		return contract.NetRPCSet(process, store, version)
	}
	config := &plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  options.appVersion,
			MagicCookieKey:   options.cookieKey,
			MagicCookieValue: options.cookieValue,
		},
		GRPCServer:  grpcServer(options, process),
		Logger:      process.Logger,
		TLSProvider: tlsProvider(options),
	}
	if options.versions == nil {
		config.Plugins = set(options.protocol, int(options.appVersion))
		return config
	}
	config.VersionedPlugins = map[int]plugin.PluginSet{}
	for version, protocol := range options.versions {
		config.VersionedPlugins[version] = set(protocol, version)
	}
	return config
}
