//go:build old

package main

import (
	"net"
	"strconv"

	"github.com/hashicorp/go-plugin"
)

func (c *config) newer(*plugin.ClientConfig) {}

func attachTo(found *reattach, address net.Addr) *plugin.ReattachConfig {
	return &plugin.ReattachConfig{Protocol: plugin.Protocol(found.Protocol), Addr: address, Pid: found.Pid}
}

func attached(found *plugin.ReattachConfig) reattach {
	return reattach{
		Protocol: string(found.Protocol), Network: found.Addr.Network(), Address: found.Addr.String(), Pid: found.Pid,
	}
}

func idOf(client *plugin.Client) string {
	if found := client.ReattachConfig(); found != nil {
		return strconv.Itoa(found.Pid)
	}
	return ""
}
