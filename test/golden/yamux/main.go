// Command yamux prints frames.json: what hashicorp/yamux v0.1.2 writes in named situations.
// Run: go run . > frames.json
package main

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

// tap records everything that is written to a connection.
type tap struct {
	net.Conn
	mu    sync.Mutex
	bytes []byte
}

func (t *tap) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.bytes = append(t.bytes, p...)
	t.mu.Unlock()
	return t.Conn.Write(p)
}

// take waits until n bytes are recorded and returns them.
func (t *tap) take(n int) []byte {
	deadline := time.Now().Add(10 * time.Second)
	for {
		t.mu.Lock()
		if len(t.bytes) >= n {
			out := append([]byte(nil), t.bytes[:n]...)
			t.bytes = t.bytes[n:]
			t.mu.Unlock()
			return out
		}
		t.mu.Unlock()
		if time.Now().After(deadline) {
			log.Fatalf("%d bytes did not come", n)
		}
		time.Sleep(time.Millisecond)
	}
}

type entry struct {
	Name string `json:"name"`
	Hex  string `json:"hex"`
}

var entries []entry

func record(name string, bytes []byte) {
	entries = append(entries, entry{name, hex.EncodeToString(bytes)})
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func config(window uint32, backlog int) *yamux.Config {
	c := yamux.DefaultConfig()
	c.EnableKeepAlive = false
	c.MaxStreamWindowSize = window
	c.AcceptBacklog = backlog
	c.LogOutput = io.Discard
	return c
}

func pair(c *yamux.Config) (client, server *yamux.Session, fromClient, fromServer *tap) {
	a, b := net.Pipe()
	fromClient, fromServer = &tap{Conn: a}, &tap{Conn: b}
	client = must(yamux.Client(fromClient, c))
	server = must(yamux.Server(fromServer, c))
	return
}

func conversation() {
	client, server, fromClient, fromServer := pair(config(262144, 256))
	up := must(client.OpenStream())
	record("open by the client", fromClient.take(12))
	down := must(server.AcceptStream())
	record("accept by the server", fromServer.take(12))
	must(up.Write([]byte("hello")))
	record("data", fromClient.take(17))
	must(io.ReadFull(down, make([]byte, 5)))
	go up.Write(make([]byte, 140000))
	record("header of 140000 bytes of data", fromClient.take(140012)[:12])
	must(io.ReadFull(down, make([]byte, 140000)))
	record("window update", fromServer.take(12))
	go client.Ping()
	record("ping", fromClient.take(12))
	record("answer to a ping", fromServer.take(12))
	up.Close()
	record("half close", fromClient.take(12))
	back := must(server.OpenStream())
	record("open by the server", fromServer.take(12))
	must(client.AcceptStream())
	record("accept by the client", fromClient.take(12))
	back.Close()
	record("half close by the server", fromServer.take(12))
	client.GoAway()
	record("go away", fromClient.take(12))
}

func refusals() {
	client, _, fromClient, fromServer := pair(config(262144, 1))
	must(client.OpenStream())
	fromClient.take(12)
	// A second SYN, by hand: the client's own bookkeeping would not let it out.
	fromClient.Conn.Write([]byte{0, 1, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0})
	record("reset for a full backlog", fromServer.take(12))
}

func largeWindow() {
	client, server, fromClient, fromServer := pair(config(1<<20, 256))
	up := must(client.OpenStream())
	record("open with a window of 1 MiB", fromClient.take(12))
	must(server.AcceptStream())
	record("accept with a window of 1 MiB", fromServer.take(12))
	for up.StreamID() < 9 {
		up = must(client.OpenStream())
		fromClient.take(12)
	}
	must(up.Write([]byte{0}))
	record("data of one zero byte on stream 9", fromClient.take(13))
}

func main() {
	conversation()
	refusals()
	largeWindow()
	out := struct {
		Go     string  `json:"go"`
		Yamux  string  `json:"yamux"`
		Frames []entry `json:"frames"`
	}{runtime.Version(), "v0.1.2", entries}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(out); err != nil {
		log.Fatal(err)
	}
}
