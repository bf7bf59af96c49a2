package main

import (
	"errors"
	"io"
	"net"
)

// stream is a raw stream of the net/rpc broker.
type stream struct{ conn net.Conn }

type streamCommand struct {
	Stream string `json:"stream"`
	Data   []byte `json:"data"`
	// Max is the most that one read returns.
	Max int `json:"max"`
}

func acceptStream(host *host, command brokerCommand) (any, error) {
	return openStream(host, command, func(o *object) (net.Conn, error) { return o.rpc.Broker.Accept(command.ID) })
}

func dialStream(host *host, command brokerCommand) (any, error) {
	return openStream(host, command, func(o *object) (net.Conn, error) { return o.rpc.Broker.Dial(command.ID) })
}

func openStream(host *host, command brokerCommand, open func(*object) (net.Conn, error)) (any, error) {
	object, err := command.find(host)
	if err != nil {
		return nil, err
	}
	if object.rpc == nil {
		return nil, &commandError{"raw streams exist over net/rpc only"}
	}
	conn, err := open(object)
	if err != nil {
		return nil, err
	}
	return map[string]any{"stream": add(host, host.streams, "stream", &stream{conn})}, nil
}

func writeStream(host *host, command streamCommand) (any, error) {
	stream, err := find(host, host.streams, command.Stream)
	if err != nil {
		return nil, err
	}
	_, err = stream.conn.Write(command.Data)
	return nil, err
}

// readStream returns what one read gives, or `end`.
func readStream(host *host, command streamCommand) (any, error) {
	stream, err := find(host, host.streams, command.Stream)
	if err != nil {
		return nil, err
	}
	buffer := make([]byte, max(command.Max, 1))
	count, err := stream.conn.Read(buffer)
	if errors.Is(err, io.EOF) {
		return map[string]any{"end": true}, nil
	}
	return map[string]any{"data": buffer[:count]}, err
}

func closeStream(host *host, command streamCommand) (any, error) {
	stream, err := find(host, host.streams, command.Stream)
	if err != nil {
		return nil, err
	}
	return nil, stream.conn.Close()
}
