package main

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rxplug.test/conformance/contract"
)

// options are the program's flags: how the plugin presents itself, and how it misbehaves.
type options struct {
	cookieKey, cookieValue string
	appVersion             uint
	protocol               string
	versions               map[int]string
	tlsDir                 string
	tlsError               bool
	tcp                    bool
	handshake              string
	stdio                  string
	controller             string
	health                 string
	shutdown               string
	slowShutdown           time.Duration
	startDelay             time.Duration
	maxReceive             int
	test                   bool
	testStdio              bool
}

func parseOptions(arguments []string) (*options, error) {
	o := &options{}
	var versions string
	flags := flag.NewFlagSet("plugin", flag.ContinueOnError)
	flags.StringVar(&o.cookieKey, "cookie-key", contract.CookieKey, "name of the magic cookie's variable")
	flags.StringVar(&o.cookieValue, "cookie-value", contract.CookieValue, "value of the magic cookie")
	flags.UintVar(&o.appVersion, "app-version", contract.AppVersion, "version of the plain plugin set")
	flags.StringVar(&o.protocol, "protocol", "grpc", "protocol of the plain plugin set: grpc or netrpc")
	flags.StringVar(&versions, "versions", "", "versioned plugin sets instead of the plain one, as in 3=netrpc,5=grpc")
	flags.StringVar(&o.tlsDir, "tls-dir", "", "manual TLS with cert.pem, key.pem and ca.pem of this directory")
	flags.BoolVar(&o.tlsError, "tls-error", false, "let the TLS provider fail")
	flags.BoolVar(&o.tcp, "tcp", false, "announce a TCP address between PLUGIN_MIN_PORT and PLUGIN_MAX_PORT")
	flags.StringVar(&o.handshake, "handshake", "", "handshake line with {app} {network} {address} {protocol} {cert} {mux}")
	flags.StringVar(&o.stdio, "stdio", "on", "the stdio service: on, off (unimplemented), unknown (an unknown channel first)")
	flags.StringVar(&o.controller, "controller", "on", "the controller service: on, off (unimplemented), ignore, hang")
	flags.StringVar(&o.health, "health", "on", "the health service: on, off (unimplemented), not-serving")
	flags.StringVar(&o.shutdown, "shutdown", "normal", "after serving: normal, hang")
	flags.DurationVar(&o.slowShutdown, "slow-shutdown", 0, "linger so long after serving")
	flags.DurationVar(&o.startDelay, "start-delay", 0, "wait so long before serving")
	flags.IntVar(&o.maxReceive, "max-receive", 0, "largest request in bytes; 0 for grpc-go's default of 4 MiB")
	flags.BoolVar(&o.test, "test", false, "serve in test mode: print the reattach configuration as JSON, end when stdin ends")
	flags.String("mark", "", "no meaning: a text by which to find the process")
	flags.BoolVar(&o.testStdio, "test-stdio", false, "in test mode, synchronise stdout and stderr")
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	var err error
	o.versions, err = parseVersions(versions)
	return o, err
}

func parseVersions(text string) (map[int]string, error) {
	if text == "" {
		return nil, nil
	}
	versions := map[int]string{}
	for _, item := range strings.Split(text, ",") {
		number, protocol, _ := strings.Cut(item, "=")
		version, err := strconv.Atoi(number)
		if err != nil || (protocol != "grpc" && protocol != "netrpc") {
			return nil, fmt.Errorf("-versions: expected items like 3=netrpc, got %q", item)
		}
		versions[version] = protocol
	}
	return versions, nil
}
