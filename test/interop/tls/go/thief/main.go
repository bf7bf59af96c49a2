// Thief connects to a unix socket with somebody else's certificate and a key of its own, as only a library without that check can,
// says hello and prints how many bytes it was answered with.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"time"
)

func main() {
	if len(os.Args) != 4 {
		fatal("usage: thief SOCKET CERTIFICATE 1.2|1.3")
	}
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		fatal("no certificate in ", os.Args[2])
	}
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		fatal(err)
	}
	raw, err := net.Dial("unix", os.Args[1])
	if err != nil {
		fatal(err)
	}
	_ = raw.SetDeadline(time.Now().Add(10 * time.Second))
	version := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[os.Args[3]]
	connection := tls.Client(raw, &tls.Config{
		MinVersion:         version,
		MaxVersion:         version,
		InsecureSkipVerify: true,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: key}, nil
		},
	})
	_, writeErr := connection.Write([]byte("hello"))
	answer := make([]byte, 64)
	received, readErr := connection.Read(answer)
	fmt.Fprintln(os.Stderr, "write:", writeErr, "read:", readErr)
	fmt.Println(received)
}

func fatal(what ...any) {
	fmt.Fprintln(os.Stderr, what...)
	os.Exit(1)
}
