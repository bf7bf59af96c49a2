package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

type objectName struct {
	Object string `json:"object"`
}

// connection is the gRPC channel of an object.
func (o *object) connection() (*grpc.ClientConn, error) {
	switch {
	case o.dialed != nil:
		return o.dialed, nil
	case o.grpc != nil:
		return o.grpc.Conn, nil
	default:
		return nil, &commandError{"not a gRPC object"}
	}
}

// callCommand begins a gRPC call. Method is a full path; its messages are parsed and serialised again by Go's generated code.
type callCommand struct {
	Object     string              `json:"object"`
	Method     string              `json:"method"`
	Message    []byte              `json:"message"`
	Metadata   map[string][]string `json:"metadata"`
	DeadlineMs int                 `json:"deadlineMs"`
}

// call is a gRPC call under way.
type call struct {
	stream   grpc.ClientStream
	method   protoreflect.MethodDescriptor
	cancel   context.CancelFunc
	received chan received
}

// received is a message, or the end of the call: io.EOF for OK.
type received struct {
	message []byte
	err     error
}

func (c *callCommand) begin(host *host) (protoreflect.MethodDescriptor, *grpc.ClientConn, context.Context, context.CancelFunc, error) {
	object, err := find(host, host.objects, c.Object)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	conn, err := object.connection()
	if err != nil {
		return nil, nil, nil, nil, err
	}
	method, err := findMethod(c.Method)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	pairs, err := decodeMetadata(c.Metadata)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(context.Background(), pairs))
	if c.DeadlineMs > 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(c.DeadlineMs)*time.Millisecond)
	}
	return method, conn, ctx, cancel, nil
}

func findMethod(path string) (protoreflect.MethodDescriptor, error) {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "."))
	descriptor, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return nil, &commandError{fmt.Sprintf("%s: %v", path, err)}
	}
	method, ok := descriptor.(protoreflect.MethodDescriptor)
	if !ok {
		return nil, &commandError{path + " is not a method"}
	}
	return method, nil
}

func newMessage(descriptor protoreflect.MessageDescriptor) proto.Message {
	found, err := protoregistry.GlobalTypes.FindMessageByName(descriptor.FullName())
	if err != nil {
		panic(err)
	}
	return found.New().Interface()
}

func parse(descriptor protoreflect.MessageDescriptor, data []byte) (proto.Message, error) {
	message := newMessage(descriptor)
	if err := proto.Unmarshal(data, message); err != nil {
		return nil, &commandError{err.Error()}
	}
	return message, nil
}

// invoke makes a unary call and returns its answer.
func invoke(host *host, command callCommand) (any, error) {
	method, conn, ctx, cancel, err := command.begin(host)
	if err != nil {
		return nil, err
	}
	defer cancel()
	request, err := parse(method.Input(), command.Message)
	if err != nil {
		return nil, err
	}
	response := newMessage(method.Output())
	var header, trailer metadata.MD
	err = conn.Invoke(ctx, command.Method, request, response, grpc.Header(&header), grpc.Trailer(&trailer))
	if err != nil {
		return nil, &callError{err, encodeMetadata(header), encodeMetadata(trailer)}
	}
	data, err := proto.Marshal(response)
	return map[string]any{"message": data, "header": encodeMetadata(header), "trailer": encodeMetadata(trailer)}, err
}

// openCall begins a call of any kind; with a message, that is sent at once.
func openCall(host *host, command callCommand) (any, error) {
	method, conn, ctx, cancel, err := command.begin(host)
	if err != nil {
		return nil, err
	}
	opened, err := conn.NewStream(ctx, &grpc.StreamDesc{
		ClientStreams: method.IsStreamingClient(), ServerStreams: method.IsStreamingServer(),
	}, command.Method)
	if err != nil {
		cancel()
		return nil, &callError{err: err}
	}
	started := &call{stream: opened, method: method, cancel: cancel, received: make(chan received)}
	if command.Message != nil {
		if err := started.send(command.Message); err != nil && !errors.Is(err, io.EOF) {
			cancel()
			return nil, err
		}
	}
	if !method.IsStreamingClient() {
		_ = opened.CloseSend()
	}
	go started.receiveAll(ctx)
	return map[string]any{"call": add(host, host.calls, "call", started)}, nil
}

func (c *call) send(data []byte) error {
	message, err := parse(c.method.Input(), data)
	if err != nil {
		return err
	}
	return c.stream.SendMsg(message)
}

// receiveAll hands messages over one by one, so that a driver that does not ask holds the sender back.
func (c *call) receiveAll(ctx context.Context) {
	for {
		message := newMessage(c.method.Output())
		err := c.stream.RecvMsg(message)
		if err != nil {
			c.received <- received{err: err}
			return
		}
		data, err := proto.Marshal(message)
		select {
		case c.received <- received{message: data, err: err}:
		case <-ctx.Done():
		}
		if !c.method.IsStreamingServer() {
			c.received <- received{err: io.EOF}
			return
		}
	}
}

type callName struct {
	Call    string `json:"call"`
	Message []byte `json:"message"`
}

func sendMessage(host *host, command callName) (any, error) {
	call, err := find(host, host.calls, command.Call)
	if err != nil {
		return nil, err
	}
	err = call.send(command.Message)
	// The stream has ended; why, receiving tells.
	return map[string]any{"ended": errors.Is(err, io.EOF)}, unlessEOF(err)
}

func unlessEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func closeSend(host *host, command callName) (any, error) {
	call, err := find(host, host.calls, command.Call)
	if err != nil {
		return nil, err
	}
	return nil, call.stream.CloseSend()
}

// receiveMessage returns the next message, or `end` when the call ended OK; a failed call is an error.
func receiveMessage(host *host, command callName) (any, error) {
	call, err := find(host, host.calls, command.Call)
	if err != nil {
		return nil, err
	}
	next := <-call.received
	if next.err == nil {
		return map[string]any{"message": next.message}, nil
	}
	go func() { call.received <- next }()
	header, _ := call.stream.Header()
	trailer := encodeMetadata(call.stream.Trailer())
	if errors.Is(next.err, io.EOF) {
		return map[string]any{"end": true, "trailer": trailer}, nil
	}
	return nil, &callError{next.err, encodeMetadata(header), trailer}
}

// callHeader waits for the response headers.
func callHeader(host *host, command callName) (any, error) {
	call, err := find(host, host.calls, command.Call)
	if err != nil {
		return nil, err
	}
	header, err := call.stream.Header()
	if err != nil {
		return nil, &callError{err: err}
	}
	return map[string]any{"header": encodeMetadata(header)}, nil
}

// callTrailer returns the trailers of a call that has ended.
func callTrailer(host *host, command callName) (any, error) {
	call, err := find(host, host.calls, command.Call)
	if err != nil {
		return nil, err
	}
	return map[string]any{"trailer": encodeMetadata(call.stream.Trailer())}, nil
}

func cancelCall(host *host, command callName) (any, error) {
	call, err := find(host, host.calls, command.Call)
	if err != nil {
		return nil, err
	}
	call.cancel()
	return nil, nil
}

// encodeMetadata shows binary values in base64, as they travel.
func encodeMetadata(pairs metadata.MD) map[string][]string {
	encoded := map[string][]string{}
	for key, values := range pairs {
		for _, value := range values {
			if strings.HasSuffix(key, "-bin") {
				value = base64.StdEncoding.EncodeToString([]byte(value))
			}
			encoded[key] = append(encoded[key], value)
		}
	}
	return encoded
}

func decodeMetadata(encoded map[string][]string) (metadata.MD, error) {
	pairs := metadata.MD{}
	for key, values := range encoded {
		for _, value := range values {
			if strings.HasSuffix(key, "-bin") {
				data, err := base64.StdEncoding.DecodeString(value)
				if err != nil {
					return nil, &commandError{err.Error()}
				}
				value = string(data)
			}
			pairs.Append(key, value)
		}
	}
	return pairs, nil
}
