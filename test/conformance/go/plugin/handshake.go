package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
)

// rewriteHandshake lets the library write its handshake line into a pipe and writes another one to the real stdout. On Unix the
// library itself listens on unix sockets only, so a TCP address is one that relays to the socket.
func rewriteHandshake(options *options, realStdout *os.File) error {
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	os.Stdout = writer
	go func() {
		line, err := bufio.NewReader(reader).ReadString('\n')
		if err != nil {
			return
		}
		fields := strings.Split(strings.TrimRight(line, "\n"), "|")
		if options.tcp {
			address, err := relay(fields[2], fields[3])
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(2)
			}
			fields[2], fields[3] = "tcp", address
		}
		fmt.Fprintln(realStdout, format(options.handshake, fields))
	}()
	return nil
}

func format(template string, fields []string) string {
	if template == "" {
		return strings.Join(fields, "|")
	}
	mux := ""
	if len(fields) > 6 {
		mux = fields[6]
	}
	return strings.NewReplacer(
		"{app}", fields[1], "{network}", fields[2], "{address}", fields[3],
		"{protocol}", fields[4], "{cert}", fields[5], "{mux}", mux,
	).Replace(template)
}

func relay(network, address string) (string, error) {
	listener, err := listenInRange()
	if err != nil {
		return "", err
	}
	go func() {
		for {
			outer, err := listener.Accept()
			if err != nil {
				return
			}
			go join(outer, network, address)
		}
	}()
	return listener.Addr().String(), nil
}

func listenInRange() (net.Listener, error) {
	low, _ := strconv.Atoi(os.Getenv("PLUGIN_MIN_PORT"))
	high, _ := strconv.Atoi(os.Getenv("PLUGIN_MAX_PORT"))
	for port := low; port <= high; port++ {
		if listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return listener, nil
		}
	}
	return nil, fmt.Errorf("no free port between %d and %d", low, high)
}

func join(outer net.Conn, network, address string) {
	inner, err := net.Dial(network, address)
	if err != nil {
		_ = outer.Close()
		return
	}
	done := make(chan struct{}, 2)
	pump := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		done <- struct{}{}
	}
	go pump(outer, inner)
	go pump(inner, outer)
	<-done
	_ = outer.Close()
	_ = inner.Close()
}
