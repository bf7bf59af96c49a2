// Impostor listens on a unix socket with somebody else's certificate and a key of its own, takes one connection after the other, and
// prints for each how many bytes of the application it was sent.
package main

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"time"
)

func main() {
	if len(os.Args) != 4 {
		fatal("usage: impostor SOCKET CERTIFICATE 1.2|1.3")
	}
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		fatal("no certificate in ", os.Args[2])
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		fatal(err)
	}
	key, err := ecdsa.GenerateKey(certificate.PublicKey.(*ecdsa.PublicKey).Curve, rand.Reader)
	if err != nil {
		fatal(err)
	}
	version := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[os.Args[3]]
	config := &tls.Config{
		MinVersion:   version,
		MaxVersion:   version,
		Certificates: []tls.Certificate{{Certificate: [][]byte{block.Bytes}, PrivateKey: key}},
	}
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		fatal(err)
	}
	fmt.Println("listening")
	for {
		raw, err := listener.Accept()
		if err != nil {
			fatal(err)
		}
		_ = raw.SetDeadline(time.Now().Add(10 * time.Second))
		received, err := tls.Server(raw, config).Read(make([]byte, 64))
		fmt.Fprintln(os.Stderr, "read:", err)
		_ = raw.Close()
		fmt.Println(received)
	}
}

func fatal(what ...any) {
	fmt.Fprintln(os.Stderr, what...)
	os.Exit(1)
}
