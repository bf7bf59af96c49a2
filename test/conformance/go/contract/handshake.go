// Package contract is what the conformance host and plugin share: handshake, plugin kinds, services.
package contract

import "github.com/hashicorp/go-plugin"

// Defaults of the handshake; flags and configuration override them.
const (
	CookieKey   = "RXPLUG_CONFORMANCE"
	CookieValue = "hello"
	AppVersion  = 1
)

// Handshake is the default handshake of both programs.
func Handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{
		ProtocolVersion:  AppVersion,
		MagicCookieKey:   CookieKey,
		MagicCookieValue: CookieValue,
	}
}
