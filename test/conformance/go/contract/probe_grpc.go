package contract

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-plugin"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"rxplug.test/conformance/gen/probe"
)

// ProbeServer serves rxplug.conformance.Probe.
type ProbeServer struct {
	probe.UnimplementedProbeServer
	Process *Process
	// Version is the app protocol version of the plugin set this belongs to.
	Version int
	// Broker is nil on a brokered server, which then cannot broker further.
	Broker *plugin.GRPCBroker

	mu      sync.Mutex
	offered map[uint32]*grpc.Server
}

// Echo implements Probe.
func (s *ProbeServer) Echo(ctx context.Context, request *probe.Payload) (*probe.Payload, error) {
	header, trailer := metadata.MD{}, metadata.MD{}
	incoming, _ := metadata.FromIncomingContext(ctx)
	for key, values := range incoming {
		if rest, ok := strings.CutPrefix(key, "echo-"); ok {
			header[key] = values
			trailer["trail-"+rest] = values
		}
	}
	if err := grpc.SetHeader(ctx, header); err != nil {
		return nil, err
	}
	return request, grpc.SetTrailer(ctx, trailer)
}

// Produce implements Probe.
func (s *ProbeServer) Produce(request *probe.ProduceRequest, stream grpc.ServerStreamingServer[probe.Payload]) error {
	data := make([]byte, request.GetSize())
	for number := uint32(0); request.GetCount() == 0 || number < request.GetCount(); number++ {
		if err := stream.Send(&probe.Payload{Data: data, Number: number}); err != nil {
			return err
		}
	}
	return nil
}

// Consume implements Probe.
func (s *ProbeServer) Consume(stream grpc.ClientStreamingServer[probe.Payload, probe.Digest]) error {
	digest, hash := &probe.Digest{}, sha256.New()
	for {
		payload, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			digest.Sha256 = hex.EncodeToString(hash.Sum(nil))
			return stream.SendAndClose(digest)
		}
		if err != nil {
			return err
		}
		digest.Count++
		digest.Bytes += uint64(len(payload.GetData()))
		hash.Write(payload.GetData())
	}
}

// Exchange implements Probe.
func (s *ProbeServer) Exchange(stream grpc.BidiStreamingServer[probe.Payload, probe.Payload]) error {
	for {
		payload, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(payload); err != nil {
			return err
		}
	}
}

// Fail implements Probe.
func (s *ProbeServer) Fail(ctx context.Context, request *probe.FailRequest) (*probe.Payload, error) {
	if err := grpc.SetTrailer(ctx, metadata.New(request.GetTrailers())); err != nil {
		return nil, err
	}
	return &probe.Payload{}, failure(request)
}

// FailLater implements Probe.
func (s *ProbeServer) FailLater(request *probe.FailRequest, stream grpc.ServerStreamingServer[probe.Payload]) error {
	for number := uint32(0); number < request.GetAfter(); number++ {
		if err := stream.Send(&probe.Payload{Number: number}); err != nil {
			return err
		}
	}
	stream.SetTrailer(metadata.New(request.GetTrailers()))
	return failure(request)
}

func failure(request *probe.FailRequest) error {
	if len(request.GetDetails()) == 0 {
		return status.Error(codes.Code(request.GetCode()), request.GetMessage())
	}
	var details spb.Status
	if err := proto.Unmarshal(request.GetDetails(), &details); err != nil {
		return status.Errorf(codes.InvalidArgument, "details: %v", err)
	}
	return status.ErrorProto(&details)
}

// Hang implements Probe.
func (s *ProbeServer) Hang(ctx context.Context, request *probe.HangRequest) (*probe.Payload, error) {
	return nil, s.Process.hangOn(ctx, request.GetToken())
}

// HangStream implements Probe.
func (s *ProbeServer) HangStream(request *probe.HangRequest, stream grpc.ServerStreamingServer[probe.Payload]) error {
	return s.Process.hangOn(stream.Context(), request.GetToken())
}

func (p *Process) hangOn(ctx context.Context, token string) error {
	call := p.hang(token)
	if deadline, ok := ctx.Deadline(); ok {
		call.hasDeadline, call.remaining = true, time.Until(deadline)
	}
	close(call.began)
	<-ctx.Done()
	call.reason = "cancelled"
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		call.reason = "deadline"
	}
	close(call.ended)
	return status.FromContextError(ctx.Err()).Err()
}

// Observe implements Probe.
func (s *ProbeServer) Observe(ctx context.Context, request *probe.ObserveRequest) (*probe.Observation, error) {
	call := s.Process.hang(request.GetToken())
	event := call.began
	if request.GetEnded() {
		event = call.ended
	}
	select {
	case <-event:
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	case <-time.After(observeLimit):
		return nil, status.Errorf(codes.DeadlineExceeded, "nothing seen of %q", request.GetToken())
	}
	observation := &probe.Observation{HasDeadline: call.hasDeadline, RemainingMs: uint32(call.remaining.Milliseconds())}
	if request.GetEnded() {
		observation.Ended, observation.Reason = true, call.reason
	}
	return observation, nil
}

// Log implements Probe.
func (s *ProbeServer) Log(_ context.Context, request *probe.LogRequest) (*probe.Empty, error) {
	var keys, values []string
	for _, field := range request.GetFields() {
		keys, values = append(keys, field.GetKey()), append(values, field.GetJson())
	}
	err := s.Process.Log(request.GetLevel(), request.GetLogger(), request.GetMessage(), keys, values)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &probe.Empty{}, nil
}

// Write implements Probe.
func (s *ProbeServer) Write(_ context.Context, request *probe.WriteRequest) (*probe.Empty, error) {
	if err := s.Process.Write(request.GetStream().String(), request.GetData(), request.GetTimes()); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &probe.Empty{}, nil
}

// Crash implements Probe.
func (s *ProbeServer) Crash(_ context.Context, request *probe.CrashRequest) (*probe.Empty, error) {
	s.Process.Crash(request.GetKind().String(), int(request.GetExitCode()), request.GetMessage())
	return &probe.Empty{}, nil
}

// Describe implements Probe.
func (s *ProbeServer) Describe(context.Context, *probe.Empty) (*probe.Description, error) {
	return &probe.Description{
		Pid:      uint32(os.Getpid()),
		Language: "go",
		Version:  uint32(s.Version),
		Args:     os.Args[1:],
		Env:      Env(),
		Calls:    s.Process.Calls(),
		Stdin:    Stdin(),
	}, nil
}
