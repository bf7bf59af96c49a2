// Package stolen has what a program with somebody else's certificate needs: the certificate, a key of its own, and a TLS version.
package stolen

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

// Arguments reads "SOCKET CERTIFICATE 1.2|1.3": the path of the socket, a certificate with another key of the same curve, and the TLS version.
func Arguments() (socket string, certificate tls.Certificate, version uint16) {
	if len(os.Args) != 4 {
		Fatal("usage: ", os.Args[0], " SOCKET CERTIFICATE 1.2|1.3")
	}
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		Fatal("no certificate in ", os.Args[2])
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		Fatal(err)
	}
	key, err := ecdsa.GenerateKey(parsed.PublicKey.(*ecdsa.PublicKey).Curve, rand.Reader)
	if err != nil {
		Fatal(err)
	}
	version = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[os.Args[3]]
	return os.Args[1], tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: key}, version
}

// Fatal ends the program with a message.
func Fatal(what ...any) {
	fmt.Fprintln(os.Stderr, what...)
	os.Exit(1)
}
