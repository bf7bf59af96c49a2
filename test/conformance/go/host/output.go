package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"sync"

	"google.golang.org/grpc/status"
)

// answer is the reply to one command; exactly one of OK and Error is set.
type answer struct {
	ID    uint64   `json:"id"`
	OK    any      `json:"ok,omitempty"`
	Error *failure `json:"error,omitempty"`
}

// failure tells what went wrong, and at which layer: "grpc", "rpc", "plugin", "command", "limit".
type failure struct {
	Kind    string              `json:"kind"`
	Message string              `json:"message"`
	Code    uint32              `json:"code,omitempty"`
	Header  map[string][]string `json:"header,omitempty"`
	Trailer map[string][]string `json:"trailer,omitempty"`
}

// commandError is a mistake of whoever wrote the command.
type commandError struct{ message string }

func (e *commandError) Error() string { return e.message }

// callError is a failed gRPC call with the metadata that came along.
type callError struct {
	err             error
	header, trailer map[string][]string
}

func (e *callError) Error() string { return e.err.Error() }

func describe(err error) *failure {
	var call *callError
	if errors.As(err, &call) {
		state := status.Convert(call.err)
		return &failure{
			Kind: "grpc", Message: state.Message(), Code: uint32(state.Code()), Header: call.header, Trailer: call.trailer,
		}
	}
	var command *commandError
	if errors.As(err, &command) {
		return &failure{Kind: "command", Message: err.Error()}
	}
	var server rpc.ServerError
	if errors.As(err, &server) {
		return &failure{Kind: "rpc", Message: err.Error()}
	}
	if state, ok := status.FromError(err); ok {
		return &failure{Kind: "grpc", Message: state.Message(), Code: uint32(state.Code())}
	}
	return &failure{Kind: "plugin", Message: err.Error()}
}

// output writes lines, one at a time.
type output struct {
	mu     sync.Mutex
	writer io.Writer
}

func newOutput(writer io.Writer) *output { return &output{writer: writer} }

func (o *output) write(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		line = []byte(fmt.Sprintf(`{"event":"fault","text":%q}`, err.Error()))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = o.writer.Write(append(line, '\n'))
}

// event is something that happened to a client: "log", "stdout", "stderr", "rawStderr".
type event struct {
	Event  string `json:"event"`
	Client string `json:"client"`
	Data   []byte `json:"data,omitempty"`
	Log    *entry `json:"log,omitempty"`
}

// bytesWriter turns writes into events.
type bytesWriter struct {
	output       *output
	name, client string
}

func (w *bytesWriter) Write(data []byte) (int, error) {
	w.output.write(event{Event: w.name, Client: w.client, Data: data})
	return len(data), nil
}
