// Impostor listens on a unix socket with somebody else's certificate and a key of its own, takes one connection after the other, and
// prints for each how many bytes of the application it was sent.
package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"time"

	"rxplug.test/interop/tls/stolen"
)

func main() {
	socket, certificate, version := stolen.Arguments()
	config := &tls.Config{MinVersion: version, MaxVersion: version, Certificates: []tls.Certificate{certificate}}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		stolen.Fatal(err)
	}
	fmt.Println("listening")
	for {
		raw, err := listener.Accept()
		if err != nil {
			stolen.Fatal(err)
		}
		_ = raw.SetDeadline(time.Now().Add(10 * time.Second))
		received, err := tls.Server(raw, config).Read(make([]byte, 64))
		fmt.Fprintln(os.Stderr, "read:", err)
		_ = raw.Close()
		fmt.Println(received)
	}
}
