package contract

import (
	"context"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"rxplug.test/conformance/gen/probe"
)

// CallBack implements Probe.
func (s *ProbeServer) CallBack(ctx context.Context, request *probe.CallBackRequest) (*probe.Payload, error) {
	if s.Broker == nil {
		return nil, status.Error(codes.FailedPrecondition, "this server has no broker")
	}
	conn, err := s.Broker.Dial(request.GetBrokerId())
	if err != nil {
		return nil, status.Errorf(codes.Unavailable, "dial %d: %v", request.GetBrokerId(), err)
	}
	client := probe.NewProbeClient(conn)
	if request.GetHang() == "" {
		defer func() { _ = conn.Close() }()
	} else if err := leaveOpen(ctx, client, request.GetHang()); err != nil {
		return nil, err
	}
	var answer *probe.Payload
	for i := uint32(0); i < max(request.GetTimes(), 1); i++ {
		if answer, err = client.Echo(ctx, request.GetPayload()); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// leaveOpen begins a call that nobody will end.
func leaveOpen(ctx context.Context, client probe.ProbeClient, token string) error {
	if _, err := client.HangStream(context.Background(), &probe.HangRequest{Token: token}); err != nil {
		return err
	}
	_, err := client.Observe(ctx, &probe.ObserveRequest{Token: token})
	return err
}

// Offer implements Probe.
func (s *ProbeServer) Offer(_ context.Context, request *probe.OfferRequest) (*probe.OfferResponse, error) {
	if s.Broker == nil {
		return nil, status.Error(codes.FailedPrecondition, "this server has no broker")
	}
	response := &probe.OfferResponse{}
	if id := request.GetBrokerId(); id != 0 {
		s.serve(id)
		response.BrokerIds = append(response.BrokerIds, id)
		return response, nil
	}
	for i := uint32(0); i < max(request.GetCount(), 1); i++ {
		id := s.Broker.NextId()
		s.serve(id)
		response.BrokerIds = append(response.BrokerIds, id)
	}
	return response, nil
}

// Withdraw implements Probe.
func (s *ProbeServer) Withdraw(_ context.Context, request *probe.OfferResponse) (*probe.Empty, error) {
	if len(request.GetBrokerIds()) == 0 {
		s.WithdrawAll()
	}
	for _, id := range request.GetBrokerIds() {
		if !s.withdraw(id) {
			return nil, status.Errorf(codes.NotFound, "no offer %d", id)
		}
	}
	return &probe.Empty{}, nil
}

// OfferID serves a probe on the given broker id until Withdraw.
func (s *ProbeServer) OfferID(id uint32) { s.serve(id) }

// WithdrawID ends what OfferID began and tells whether there was something to end.
func (s *ProbeServer) WithdrawID(id uint32) bool { return s.withdraw(id) }

// WithdrawAll ends everything that was offered.
func (s *ProbeServer) WithdrawAll() {
	s.mu.Lock()
	offered := s.offered
	s.offered = nil
	s.mu.Unlock()
	for _, server := range offered {
		server.Stop()
	}
}

// serve returns when the server exists; accepting goes on in the background, as AcceptAndServe blocks for its lifetime.
func (s *ProbeServer) serve(id uint32) {
	var once sync.Once
	ready := make(chan struct{})
	go func() {
		defer once.Do(func() { close(ready) })
		s.Broker.AcceptAndServe(id, func(options []grpc.ServerOption) *grpc.Server {
			server := grpc.NewServer(options...)
			probe.RegisterProbeServer(server, &ProbeServer{Process: s.Process, Version: s.Version})
			s.mu.Lock()
			if s.offered == nil {
				s.offered = map[uint32]*grpc.Server{}
			}
			s.offered[id] = server
			s.mu.Unlock()
			once.Do(func() { close(ready) })
			return server
		})
	}()
	<-ready
}

func (s *ProbeServer) withdraw(id uint32) bool {
	s.mu.Lock()
	server := s.offered[id]
	delete(s.offered, id)
	s.mu.Unlock()
	if server != nil {
		server.Stop()
	}
	return server != nil
}
