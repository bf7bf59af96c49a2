//go:build old

package main

import "github.com/hashicorp/go-plugin"

// serveForTest is for newer versions of go-plugin.
func serveForTest(*options, *plugin.ServeConfig) { panic("this version of go-plugin has no test mode") }
