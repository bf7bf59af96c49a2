package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"
)

// echo returns every stream's bytes and half-closes behind them, until the session ends.
func echo(session *yamux.Session, _ net.Conn, _ []string) (any, error) {
	var streams, sent atomic.Int64
	var running sync.WaitGroup
	for {
		stream, err := session.AcceptStream()
		if err != nil {
			running.Wait()
			return map[string]any{"streams": streams.Load(), "bytes": sent.Load()}, nil
		}
		streams.Add(1)
		running.Add(1)
		go func() {
			defer running.Done()
			n, _ := io.Copy(stream, stream)
			sent.Add(n)
			stream.Close()
		}()
	}
}

// drive opens COUNT streams at once, sends SIZE bytes on each, half-closes and expects the same bytes back.
func drive(session *yamux.Session, _ net.Conn, args []string) (any, error) {
	count, size := number(args, 0), number(args, 1)
	failures := make(chan error, count)
	for i := 0; i < count; i++ {
		go func() { failures <- driveOne(session, uint32(i+1), size) }()
	}
	for i := 0; i < count; i++ {
		if err := <-failures; err != nil {
			return nil, err
		}
	}
	left := session.NumStreams()
	session.Close()
	return map[string]any{"streams": count, "left": left}, nil
}

func driveOne(session *yamux.Session, seed uint32, size int) error {
	stream, err := session.OpenStream()
	if err != nil {
		return err
	}
	sent := make([]byte, size)
	fill(sent, seed)
	written := make(chan error, 1)
	go func() {
		_, err := stream.Write(sent)
		stream.Close()
		written <- err
	}()
	got, err := io.ReadAll(stream)
	if err != nil {
		return fmt.Errorf("stream %d: %w", stream.StreamID(), err)
	}
	if err := <-written; err != nil {
		return err
	}
	if !bytes.Equal(got, sent) {
		return fmt.Errorf("stream %d: %d bytes came back, or others", stream.StreamID(), len(got))
	}
	return nil
}

// gatedSink accepts a data stream and a gate. It reads the data only after a byte on the gate, and answers there with count and hash.
func gatedSink(session *yamux.Session, _ net.Conn, _ []string) (any, error) {
	data, err := session.AcceptStream()
	if err != nil {
		return nil, err
	}
	gate, err := session.AcceptStream()
	if err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(gate, make([]byte, 1)); err != nil {
		return nil, err
	}
	hash := sha256.New()
	// Small reads: credit comes back in Go's own portions.
	n, err := io.CopyBuffer(struct{ io.Writer }{hash}, struct{ io.Reader }{data}, make([]byte, 4096))
	if err != nil {
		return nil, err
	}
	data.Close()
	gate.Close()
	wait(session)
	return map[string]any{"bytes": n, "sha256": hex.EncodeToString(hash.Sum(nil))}, nil
}

// gatedSource writes SIZE bytes on one stream; for every byte that comes on another it tells how many of them were taken.
func gatedSource(session *yamux.Session, _ net.Conn, args []string) (any, error) {
	size := number(args, 0)
	data, err := session.OpenStream()
	if err != nil {
		return nil, err
	}
	gate, err := session.OpenStream()
	if err != nil {
		return nil, err
	}
	var written atomic.Int64
	go func() {
		bytes := make([]byte, size)
		fill(bytes, 1)
		for at := 0; at < size; at += 1024 {
			n, err := data.Write(bytes[at:min(at+1024, size)])
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
		data.Close()
	}()
	answer := make([]byte, 8)
	for {
		if _, err := io.ReadFull(gate, answer[:1]); err != nil {
			break
		}
		binary.BigEndian.PutUint64(answer, uint64(written.Load()))
		if _, err := gate.Write(answer); err != nil {
			break
		}
	}
	return map[string]any{"bytes": written.Load()}, nil
}

// abrupt accepts a stream, reads one byte and ends in the given manner.
func abrupt(session *yamux.Session, conn net.Conn, args []string) (any, error) {
	stream, err := session.AcceptStream()
	if err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(stream, make([]byte, 1)); err != nil {
		return nil, err
	}
	stream.Write([]byte("last words"))
	switch args[0] {
	case "exit":
		os.Exit(0)
	case "session":
		session.Close()
	case "torn":
		conn.Write([]byte{0, 0, 0})
		conn.Close()
	case "stream":
		stream.Close()
		wait(session)
	}
	return map[string]any{}, nil
}

// ping measures COUNT round trips.
func ping(session *yamux.Session, _ net.Conn, args []string) (any, error) {
	count := number(args, 0)
	for i := 0; i < count; i++ {
		if _, err := session.Ping(); err != nil {
			return nil, err
		}
	}
	session.Close()
	return map[string]any{"pings": count}, nil
}

// goAway accepts one stream, says go-away, opens a stream of its own and returns both streams' bytes.
func goAway(session *yamux.Session, _ net.Conn, _ []string) (any, error) {
	first, err := session.AcceptStream()
	if err != nil {
		return nil, err
	}
	if err := session.GoAway(); err != nil {
		return nil, err
	}
	own, err := session.OpenStream()
	if err != nil {
		return nil, err
	}
	go io.Copy(own, own)
	io.Copy(first, first)
	first.Close()
	wait(session)
	return map[string]any{}, nil
}

// closeFirst accepts a stream, half-closes it at once and reads it to its end.
func closeFirst(session *yamux.Session, _ net.Conn, _ []string) (any, error) {
	stream, err := session.AcceptStream()
	if err != nil {
		return nil, err
	}
	stream.Close()
	n, err := readAll(stream)
	if err != nil {
		return nil, err
	}
	wait(session)
	return map[string]any{"bytes": n, "left": session.NumStreams()}, nil
}

// unaccepting accepts nothing before it has seen COUNT streams wait, then accepts TOTAL of them.
func unaccepting(session *yamux.Session, _ net.Conn, args []string) (any, error) {
	count, total := number(args, 0), number(args, 1)
	for deadline := time.Now().Add(30 * time.Second); session.NumStreams() < count; {
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%d streams came, expected %d", session.NumStreams(), count)
		}
		time.Sleep(time.Millisecond)
	}
	seen := session.NumStreams()
	for i := 0; i < total; i++ {
		stream, err := session.AcceptStream()
		if err != nil {
			return nil, err
		}
		stream.Close()
	}
	wait(session)
	return map[string]any{"seen": seen}, nil
}

// open opens COUNT streams one after the other, each with one byte, and closes them; then expects each to be closed by the other end.
func open(session *yamux.Session, _ net.Conn, args []string) (any, error) {
	count := number(args, 0)
	resets := 0
	for i := 0; i < count; i++ {
		stream, err := session.OpenStream()
		if err != nil {
			return nil, err
		}
		stream.Write([]byte{byte(i)})
		stream.Close()
		if _, err := readAll(stream); errors.Is(err, yamux.ErrConnectionReset) {
			resets++
		} else if err != nil {
			return nil, err
		}
	}
	left := session.NumStreams()
	session.Close()
	return map[string]any{"streams": count, "resets": resets, "left": left}, nil
}

// idle does nothing until the session ends.
func idle(session *yamux.Session, _ net.Conn, _ []string) (any, error) {
	wait(session)
	return map[string]any{"left": session.NumStreams()}, nil
}
