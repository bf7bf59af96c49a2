// Runs h2spec, the conformance suite of HTTP/2, strict cases included.
//
//	h2spec server PORT             tests the server that listens on 127.0.0.1:PORT
//	h2spec client FROM_PORT EXEC   serves each case on a port of its own and runs EXEC with its URL
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/summerwind/h2spec"
	"github.com/summerwind/h2spec/config"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run(mode, number string, rest []string) error {
	port, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	c := &config.Config{Host: "127.0.0.1", Port: port, FromPort: port, Path: "/", Timeout: 2 * time.Second, MaxHeaderLen: 4000, Strict: true}
	if mode == "client" {
		c.Exec = rest[0]
		return h2spec.RunClientSpec(c)
	}
	_, err = h2spec.Run(c)
	return err
}
