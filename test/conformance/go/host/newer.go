//go:build !old

package main

import (
	"net"

	"github.com/hashicorp/go-plugin"
)

// newer sets what old versions of go-plugin do not know.
func (c *config) newer(built *plugin.ClientConfig) {
	built.GRPCBrokerMultiplex = c.Multiplex
	built.SkipHostEnv = c.SkipHostEnv
	built.PluginLogBufferSize = c.LogBufferBytes
	if c.UnixSocketGroup != "" {
		built.UnixSocketConfig = &plugin.UnixSocketConfig{Group: c.UnixSocketGroup}
	}
}

func attachTo(found *reattach, address net.Addr) *plugin.ReattachConfig {
	return &plugin.ReattachConfig{
		Protocol:        plugin.Protocol(found.Protocol),
		ProtocolVersion: found.ProtocolVersion,
		Addr:            address,
		Pid:             found.Pid,
		Test:            found.Test,
	}
}

func attached(found *plugin.ReattachConfig) reattach {
	return reattach{
		Protocol: string(found.Protocol), ProtocolVersion: found.ProtocolVersion, Network: found.Addr.Network(),
		Address: found.Addr.String(), Pid: found.Pid, Test: found.Test,
	}
}

func idOf(client *plugin.Client) string { return client.ID() }
