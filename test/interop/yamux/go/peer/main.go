// Command peer is one end of a yamux session of the real hashicorp/yamux. It dials a unix socket, takes the given yamux role on that
// connection, plays one scenario and prints what it saw as one line of JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/hashicorp/yamux"
)

var (
	socket       = flag.String("socket", "", "path of the unix socket to dial")
	role         = flag.String("role", "server", "client or server")
	window       = flag.Uint("window", 262144, "MaxStreamWindowSize")
	backlog      = flag.Int("backlog", 256, "AcceptBacklog")
	keepAlive    = flag.Duration("keepalive", 30*time.Second, "KeepAliveInterval")
	writeTimeout = flag.Duration("write-timeout", 10*time.Second, "ConnectionWriteTimeout")
	closeTimeout = flag.Duration("close-timeout", 5*time.Minute, "StreamCloseTimeout")
	openTimeout  = flag.Duration("open-timeout", 75*time.Second, "StreamOpenTimeout")
)

type scenario func(session *yamux.Session, conn net.Conn, args []string) (any, error)

var scenarios = map[string]scenario{
	"echo":         echo,
	"drive":        drive,
	"gated-sink":   gatedSink,
	"gated-source": gatedSource,
	"abrupt":       abrupt,
	"ping":         ping,
	"go-away":      goAway,
	"close-first":  closeFirst,
	"unaccepting":  unaccepting,
	"open":         open,
	"idle":         idle,
}

func main() {
	flag.Parse()
	play, known := scenarios[flag.Arg(0)]
	if !known {
		fail(fmt.Errorf("unknown scenario %q", flag.Arg(0)))
	}
	conn, err := net.Dial("unix", *socket)
	if err != nil {
		fail(err)
	}
	session, err := start(conn)
	if err != nil {
		fail(err)
	}
	result, err := play(session, conn, flag.Args()[1:])
	if err != nil {
		fail(err)
	}
	json.NewEncoder(os.Stdout).Encode(result)
}

func start(conn net.Conn) (*yamux.Session, error) {
	config := yamux.DefaultConfig()
	config.MaxStreamWindowSize = uint32(*window)
	config.AcceptBacklog = *backlog
	config.KeepAliveInterval = *keepAlive
	config.ConnectionWriteTimeout = *writeTimeout
	config.StreamCloseTimeout = *closeTimeout
	config.StreamOpenTimeout = *openTimeout
	if *role == "client" {
		return yamux.Client(conn, config)
	}
	return yamux.Server(conn, config)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "peer:", err)
	os.Exit(1)
}

func number(args []string, index int) int {
	if index >= len(args) {
		fail(fmt.Errorf("argument %d is missing", index))
	}
	value, err := strconv.Atoi(args[index])
	if err != nil {
		fail(err)
	}
	return value
}

// fill writes the bytes that pattern() of the TypeScript side makes from the same seed.
func fill(bytes []byte, seed uint32) {
	state := seed
	if state == 0 {
		state = 1
	}
	for i := range bytes {
		state = state*1664525 + 1013904223
		bytes[i] = byte(state >> 24)
	}
}

// wait blocks until the other end is done with the session.
func wait(session *yamux.Session) {
	<-session.CloseChan()
}

func readAll(stream io.Reader) (int64, error) {
	return io.Copy(io.Discard, stream)
}
