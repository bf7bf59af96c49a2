package contract

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"rxplug.test/conformance/gen/kv"
)

// KVServer serves a store over gRPC.
type KVServer struct {
	kv.UnimplementedKVServer
	Store *Store
}

// Get implements kv.v1.KV.
func (s *KVServer) Get(ctx context.Context, request *kv.GetRequest) (*kv.GetResponse, error) {
	entry, ok := s.Store.Get(request.GetKey())
	if !ok {
		if err := grpc.SetTrailer(ctx, metadata.Pairs("kv-key", request.GetKey())); err != nil {
			return nil, err
		}
		return nil, noSuchKey(request.GetKey())
	}
	return &kv.GetResponse{Value: entry.Value, Revision: entry.Revision}, nil
}

// Put implements kv.v1.KV.
func (s *KVServer) Put(_ context.Context, request *kv.PutRequest) (*kv.PutResponse, error) {
	if request.GetKey() == "" {
		return nil, emptyKey()
	}
	return &kv.PutResponse{Revision: s.Store.Put(request.GetKey(), request.GetValue())}, nil
}

// Watch implements kv.v1.KV.
func (s *KVServer) Watch(request *kv.WatchRequest, stream grpc.ServerStreamingServer[kv.Change]) error {
	existing, watcher := s.Store.Watch(request.GetPrefix())
	defer s.Store.Unwatch(watcher)
	if err := stream.SendHeader(nil); err != nil {
		return err
	}
	if request.GetExisting() {
		for _, entry := range existing {
			if err := stream.Send(change(entry)); err != nil {
				return err
			}
		}
	}
	for {
		select {
		case entry, ok := <-watcher.Changes:
			if !ok {
				return status.Error(codes.ResourceExhausted, "the watcher fell too far behind")
			}
			if err := stream.Send(change(entry)); err != nil {
				return err
			}
		case <-stream.Context().Done():
			return status.FromContextError(stream.Context().Err()).Err()
		}
	}
}

// Import implements kv.v1.KV.
func (s *KVServer) Import(stream grpc.ClientStreamingServer[kv.PutRequest, kv.ImportResponse]) error {
	response := &kv.ImportResponse{}
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(response)
		}
		if err != nil {
			return err
		}
		if request.GetKey() == "" {
			return emptyKey()
		}
		s.Store.Put(request.GetKey(), request.GetValue())
		response.Entries++
		response.Bytes += uint64(len(request.GetValue()))
	}
}

// Sync implements kv.v1.KV.
func (s *KVServer) Sync(stream grpc.BidiStreamingServer[kv.SyncRequest, kv.SyncResponse]) error {
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(s.execute(request)); err != nil {
			return err
		}
	}
}

func (s *KVServer) execute(request *kv.SyncRequest) *kv.SyncResponse {
	response := &kv.SyncResponse{Id: request.GetId()}
	switch command := request.GetCommand().(type) {
	case *kv.SyncRequest_Get:
		entry, ok := s.Store.Get(command.Get.GetKey())
		if !ok {
			return failed(response, noSuchKey(command.Get.GetKey()))
		}
		response.Outcome = &kv.SyncResponse_Get{Get: &kv.GetResponse{Value: entry.Value, Revision: entry.Revision}}
	case *kv.SyncRequest_Put:
		if command.Put.GetKey() == "" {
			return failed(response, emptyKey())
		}
		revision := s.Store.Put(command.Put.GetKey(), command.Put.GetValue())
		response.Outcome = &kv.SyncResponse_Put{Put: &kv.PutResponse{Revision: revision}}
	case *kv.SyncRequest_Delete:
		if !s.Store.Delete(command.Delete) {
			return failed(response, noSuchKey(command.Delete))
		}
		response.Outcome = &kv.SyncResponse_Deleted{Deleted: true}
	default:
		return failed(response, status.Error(codes.InvalidArgument, "no command"))
	}
	return response
}

func failed(response *kv.SyncResponse, err error) *kv.SyncResponse {
	failure := status.Convert(err)
	response.Outcome = &kv.SyncResponse_Failure{
		Failure: &kv.Failure{Code: uint32(failure.Code()), Message: failure.Message()},
	}
	return response
}

func change(entry Entry) *kv.Change {
	if entry.Deleted {
		return &kv.Change{Key: entry.Key, Revision: entry.Revision}
	}
	value := entry.Value
	if value == nil {
		value = []byte{}
	}
	return &kv.Change{Key: entry.Key, Value: value, Revision: entry.Revision}
}

func noSuchKey(key string) error { return status.Errorf(codes.NotFound, "no such key: %s", key) }

func emptyKey() error { return status.Error(codes.InvalidArgument, "the key is empty") }
