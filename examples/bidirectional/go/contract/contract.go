// Package contract is shared by host and plugin: the handshake, and the Go interfaces of the merger and the referee.
package contract

import (
	"context"
	"errors"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	mergev1 "rxplug.example/merge/v1"
)

// Handshake is the same as in contract.ts.
var Handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "MERGER_PLUGIN",
	MagicCookieValue: "hello",
}

// Document is a set of named values.
type Document = map[string]string

// Referee decides between two values. The caller of Merge provides it; the plugin calls it.
type Referee interface {
	Decide(ctx context.Context, key, ours, theirs string) (string, error)
}

// Merger merges two versions of a document.
type Merger interface {
	Merge(ctx context.Context, ours, theirs Document, referee Referee) (Document, error)
}

// MergerPlugin serves and calls a Merger over gRPC, and a Referee over the broker. Impl is set in the plugin only.
type MergerPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	Impl Merger
}

// GRPCServer implements plugin.GRPCPlugin, in the plugin.
func (p *MergerPlugin) GRPCServer(broker *plugin.GRPCBroker, server *grpc.Server) error {
	mergev1.RegisterMergerServer(server, &mergerServer{impl: p.Impl, broker: broker})
	return nil
}

// GRPCClient implements plugin.GRPCPlugin, in the host.
func (p *MergerPlugin) GRPCClient(_ context.Context, broker *plugin.GRPCBroker, connection *grpc.ClientConn) (any, error) {
	return &mergerClient{merger: mergev1.NewMergerClient(connection), broker: broker}, nil
}

type mergerServer struct {
	mergev1.UnimplementedMergerServer
	impl   Merger
	broker *plugin.GRPCBroker
}

func (s *mergerServer) Merge(ctx context.Context, request *mergev1.MergeRequest) (*mergev1.MergeResponse, error) {
	connection, err := s.broker.Dial(request.GetReferee())
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close() }()
	referee := refereeClient{mergev1.NewRefereeClient(connection)}
	merged, err := s.impl.Merge(ctx, request.GetOurs(), request.GetTheirs(), referee)
	return &mergev1.MergeResponse{Merged: merged}, err
}

type mergerClient struct {
	merger mergev1.MergerClient
	broker *plugin.GRPCBroker
}

func (c *mergerClient) Merge(ctx context.Context, ours, theirs Document, referee Referee) (Document, error) {
	id, stop := c.lend(referee)
	response, err := c.merger.Merge(ctx, &mergev1.MergeRequest{Ours: ours, Theirs: theirs, Referee: id})
	return response.GetMerged(), errors.Join(err, stop())
}

// lend serves a referee until stop is called. stop waits until the server has ended.
func (c *mergerClient) lend(referee Referee) (id uint32, stop func() error) {
	id = c.broker.NextId()
	made := make(chan *grpc.Server, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.broker.AcceptAndServe(id, func(options []grpc.ServerOption) *grpc.Server {
			server := grpc.NewServer(options...)
			mergev1.RegisterRefereeServer(server, &refereeServer{impl: referee})
			made <- server
			return server
		})
	}()
	return id, func() error {
		select {
		case server := <-made:
			server.Stop()
			<-ended
			return nil
		case <-ended:
			return errors.New("the referee could not be offered to the plugin")
		}
	}
}

type refereeServer struct {
	mergev1.UnimplementedRefereeServer
	impl Referee
}

func (s *refereeServer) Decide(ctx context.Context, conflict *mergev1.Conflict) (*mergev1.Decision, error) {
	value, err := s.impl.Decide(ctx, conflict.GetKey(), conflict.GetOurs(), conflict.GetTheirs())
	return &mergev1.Decision{Value: value}, err
}

type refereeClient struct {
	referee mergev1.RefereeClient
}

func (c refereeClient) Decide(ctx context.Context, key, ours, theirs string) (string, error) {
	decision, err := c.referee.Decide(ctx, &mergev1.Conflict{Key: key, Ours: ours, Theirs: theirs})
	return decision.GetValue(), err
}
