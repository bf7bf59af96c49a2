package main

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"os/exec"
	"time"

	"github.com/hashicorp/go-plugin"

	"rxplug.test/conformance/contract"
)

// config says how to make a client; JSON names as in the driver's HostConfig.
type config struct {
	Client          string            `json:"client"`
	Command         []string          `json:"command"`
	Env             map[string]string `json:"env"`
	SkipHostEnv     bool              `json:"skipHostEnv"`
	Cookie          *cookie           `json:"cookie"`
	AppVersion      *uint             `json:"appVersion"`
	Protocol        string            `json:"protocol"`
	Versions        map[int]string    `json:"versions"`
	Allowed         []plugin.Protocol `json:"allowedProtocols"`
	AutoMTLS        bool              `json:"autoMtls"`
	TLS             *tlsFiles         `json:"tls"`
	Multiplex       bool              `json:"multiplex"`
	Managed         bool              `json:"managed"`
	MinPort         uint              `json:"minPort"`
	MaxPort         uint              `json:"maxPort"`
	StartTimeoutMs  int               `json:"startTimeoutMs"`
	LogLevel        string            `json:"logLevel"`
	LogBufferBytes  int               `json:"logBufferBytes"`
	Checksum        string            `json:"checksum"`
	Reattach        *reattach         `json:"reattach"`
	UnixSocketGroup string            `json:"unixSocketGroup"`
}

type cookie struct{ Key, Value string }

type tlsFiles struct {
	Directory  string `json:"directory"`
	ServerName string `json:"serverName"`
}

type reattach struct {
	Protocol        string `json:"protocol"`
	ProtocolVersion int    `json:"protocolVersion"`
	Network         string `json:"network"`
	Address         string `json:"address"`
	Pid             int    `json:"pid"`
	Test            bool   `json:"test"`
}

func (c *config) build(host *host) (*plugin.ClientConfig, error) {
	handshake := contract.Handshake()
	if c.AppVersion != nil {
		handshake.ProtocolVersion = *c.AppVersion
	}
	if c.Cookie != nil {
		handshake.MagicCookieKey, handshake.MagicCookieValue = c.Cookie.Key, c.Cookie.Value
	}
	built := &plugin.ClientConfig{
		HandshakeConfig:  handshake,
		AllowedProtocols: c.Allowed,
		AutoMTLS:         c.AutoMTLS,
		Managed:          c.Managed,
		MinPort:          c.MinPort,
		MaxPort:          c.MaxPort,
		StartTimeout:     time.Duration(c.StartTimeoutMs) * time.Millisecond,
		Logger:           newLogger(host.output, c.Client, c.LogLevel),
		SyncStdout:       &bytesWriter{host.output, "stdout", c.Client},
		SyncStderr:       &bytesWriter{host.output, "stderr", c.Client},
		Stderr:           &bytesWriter{host.output, "rawStderr", c.Client},
	}
	c.plugins(host, built)
	c.newer(built)
	return built, c.finish(built)
}

// plugins chooses the plugin sets: versioned ones, or a plain one of the given protocol.
func (c *config) plugins(host *host, built *plugin.ClientConfig) {
	set := func(protocol string) plugin.PluginSet {
		if protocol == "netrpc" {
			set := contract.NetRPCSet(host.process, nil, 0)
			// A name that no plugin serves.
			set["absent"] = set["probe"]
			return set
		}
		return contract.GRPCSet(host.process, nil, 0)
	}
	if c.Versions == nil {
		built.Plugins = set(c.Protocol)
		return
	}
	built.VersionedPlugins = map[int]plugin.PluginSet{}
	for version, protocol := range c.Versions {
		built.VersionedPlugins[version] = set(protocol)
	}
}

func (c *config) finish(built *plugin.ClientConfig) error {
	if len(c.Command) > 0 {
		built.Cmd = exec.Command(c.Command[0], c.Command[1:]...)
		for key, value := range c.Env {
			built.Cmd.Env = append(built.Cmd.Env, key+"="+value)
		}
	}
	if c.Checksum != "" {
		sum, err := hex.DecodeString(c.Checksum)
		if err != nil {
			return &commandError{err.Error()}
		}
		built.SecureConfig = &plugin.SecureConfig{Checksum: sum, Hash: sha256.New()}
	}
	if c.TLS != nil {
		loaded, err := contract.LoadTLS(c.TLS.Directory, c.TLS.ServerName)
		if err != nil {
			return &commandError{err.Error()}
		}
		built.TLSConfig = loaded
	}
	return c.attach(built)
}

func (c *config) attach(built *plugin.ClientConfig) error {
	if c.Reattach == nil {
		return nil
	}
	var address net.Addr
	var err error
	if c.Reattach.Network == "tcp" {
		address, err = net.ResolveTCPAddr("tcp", c.Reattach.Address)
	} else {
		address, err = net.ResolveUnixAddr(c.Reattach.Network, c.Reattach.Address)
	}
	if err != nil {
		return &commandError{err.Error()}
	}
	built.Reattach = attachTo(c.Reattach, address)
	return nil
}
