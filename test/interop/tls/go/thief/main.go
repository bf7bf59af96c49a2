// Thief connects to a unix socket with somebody else's certificate and a key of its own, as only a library without that check can,
// says hello and prints how many bytes it was answered with.
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
	raw, err := net.Dial("unix", socket)
	if err != nil {
		stolen.Fatal(err)
	}
	_ = raw.SetDeadline(time.Now().Add(10 * time.Second))
	connection := tls.Client(raw, &tls.Config{
		MinVersion:         version,
		MaxVersion:         version,
		InsecureSkipVerify: true,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &certificate, nil
		},
	})
	_, writeErr := connection.Write([]byte("hello"))
	answer := make([]byte, 64)
	received, readErr := connection.Read(answer)
	fmt.Fprintln(os.Stderr, "write:", writeErr, "read:", readErr)
	fmt.Println(received)
}
