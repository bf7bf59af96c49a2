package main

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"rxplug.test/conformance/contract"
)

const (
	shutdownMethod = "/plugin.GRPCController/Shutdown"
	stdioMethod    = "/plugin.GRPCStdio/StreamStdio"
	healthPrefix   = "/grpc.health.v1.Health/"
	ownPrefix      = "/rxplug.conformance."
)

func tlsProvider(options *options) func() (*tls.Config, error) {
	switch {
	case options.tlsError:
		return func() (*tls.Config, error) { return nil, errors.New("the TLS provider fails as told") }
	case options.tlsDir != "":
		return func() (*tls.Config, error) { return contract.LoadTLS(options.tlsDir, "localhost") }
	default:
		return nil
	}
}

// grpcServer makes servers that count the library's calls and misbehave as the options say.
func grpcServer(options *options, process *contract.Process) func([]grpc.ServerOption) *grpc.Server {
	return func(serverOptions []grpc.ServerOption) *grpc.Server {
		serverOptions = append(serverOptions,
			grpc.UnaryInterceptor(func(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
				count(process, info.FullMethod)
				return interceptUnary(options, ctx, request, info.FullMethod, next)
			}),
			grpc.StreamInterceptor(func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
				count(process, info.FullMethod)
				return interceptStream(options, server, stream, info.FullMethod, next)
			}))
		if options.maxReceive > 0 {
			serverOptions = append(serverOptions, grpc.MaxRecvMsgSize(options.maxReceive))
		}
		return grpc.NewServer(serverOptions...)
	}
}

func count(process *contract.Process, method string) {
	if !strings.HasPrefix(method, ownPrefix) {
		process.Count(method)
	}
}

func interceptUnary(options *options, ctx context.Context, request any, method string, next grpc.UnaryHandler) (any, error) {
	switch {
	case method == shutdownMethod && options.controller != "on":
		return misbehave(ctx, options.controller, method, next, request)
	case strings.HasPrefix(method, healthPrefix) && options.health == "off":
		return nil, unimplemented(method)
	case method == healthPrefix+"Check" && options.health == "not-serving":
		return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING}, nil
	default:
		return next(ctx, request)
	}
}

func misbehave(ctx context.Context, way, method string, next grpc.UnaryHandler, request any) (any, error) {
	switch way {
	case "ignore":
		// The answer's type is the library's own: the request's type is the same, Empty.
		return request, nil
	case "hang":
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	default:
		return nil, unimplemented(method)
	}
}

func interceptStream(options *options, server any, stream grpc.ServerStream, method string, next grpc.StreamHandler) error {
	switch {
	case method == stdioMethod && options.stdio == "off":
		return unimplemented(method)
	case method == stdioMethod && options.stdio == "unknown":
		return next(server, &unknownChannelFirst{ServerStream: stream})
	case strings.HasPrefix(method, healthPrefix) && options.health == "off":
		return unimplemented(method)
	default:
		return next(server, stream)
	}
}

func unimplemented(method string) error {
	return status.Errorf(codes.Unimplemented, "unknown method %s", method)
}

// unknownChannelFirst sends each stdio message once on channel 7, which nobody knows, before sending it as it is.
type unknownChannelFirst struct{ grpc.ServerStream }

func (s *unknownChannelFirst) SendMsg(message any) error {
	original := message.(proto.Message)
	stray := proto.Clone(original)
	channel := stray.ProtoReflect().Descriptor().Fields().ByName("channel")
	stray.ProtoReflect().Set(channel, protoreflect.ValueOfEnum(7))
	if err := s.ServerStream.SendMsg(stray); err != nil {
		return err
	}
	return s.ServerStream.SendMsg(original)
}
