/** `rxplug/grpc`: status codes, metadata, brokers, and gRPC by itself, without plugins: channels, clients, servers. */

// Status codes, metadata and errors.

export { GrpcError, type GrpcErrorOptions } from './protocols/grpc/shared/errors.js';
export { Metadata, type MetadataValue, status } from './protocols/grpc/shared/grpc-js.js';

export type { MetadataInput } from './protocols/grpc/shared/metadata.js';

// The two sides of a contract.

export type {
  ClientsOf,
  GrpcClientContext,
  GrpcPluginView,
  GrpcServiceContext,
  GrpcSides,
  ServicesOf,
} from './protocols/grpc/contract.js';
export {
  type FromGrpcJs,
  fromGrpcJs,
  type GrpcJsDefinition,
  type GrpcJsMethod,
} from './protocols/grpc/shared/from-grpc-js.js';
export {
  type FromProtobufEs,
  fromProtobufEs,
  type ProtobufEsMethod,
  type ProtobufEsService,
} from './protocols/grpc/shared/protobuf-es.js';
export type {
  AnyServiceDefinition,
  BidiCall,
  BidiHandler,
  ClientStreamCall,
  ClientStreamHandler,
  HandlerResult,
  HandlerStream,
  InputOf,
  MessageOf,
  MessageType,
  MethodDefinition,
  ServerStreamCall,
  ServerStreamHandler,
  ServiceDefinition,
  UnaryCall,
  UnaryHandler,
  UntoldCall,
  UntoldHandler,
} from './protocols/grpc/shared/service-definition.js';

// Types of clients of Promises, and of services that leave methods out.

export type { PartialService } from './protocols/contract.js';
export type { UnimplementedService } from './protocols/grpc/server/unimplemented.js';
export type { RequestStream } from './protocols/promise-client.js';

// How a host and a plugin speak gRPC.

export type { BrokerKnock, BrokerOffer, BrokerRequest } from './protocols/broker-request.js';
export type { BrokerDialOptions, GrpcBroker, GrpcBrokerCounts } from './protocols/grpc/broker/grpc-broker.js';
export type { GrpcBrokerOptions } from './protocols/grpc/broker/options.js';
export { type GrpcHostOptions, grpcClientProtocol } from './protocols/grpc/client-protocol.js';
export { type GrpcPluginOptions, grpcServerProtocol } from './protocols/grpc/server-protocol.js';
export {
  GRPC_SERVICE_NAME,
  type HealthService,
  type HealthStatuses,
  type ServingStatus,
} from './protocols/grpc/services/health.js';
export type { ReflectionOptions } from './protocols/grpc/services/reflection.js';
export {
  type CertificateAuthority,
  type Curve,
  type Identity,
  type SelfSignedOptions,
  selfSignedAuthority,
} from './transports/tls/certificate.js';
export type { YamuxOptions } from './transports/yamux/options.js';

// gRPC by itself: channels, clients, servers.

export type { ResolvedCallOptions } from './protocols/grpc/client/call-options.js';
export type {
  ChannelState,
  GrpcCall,
  GrpcCallEvents,
  GrpcCallOptions,
  GrpcChannel,
} from './protocols/grpc/client/channel.js';
export type { GrpcChannelOptions, GrpcChannelSettings } from './protocols/grpc/client/channel-options.js';
export {
  type CallInterceptor,
  createGrpcClient,
  type GrpcClientOptions,
  type InterceptedCall,
} from './protocols/grpc/client/client.js';
export { createGrpcChannel, createGrpcServer } from './protocols/grpc/engine.js';
export { createGrpcJsChannel } from './protocols/grpc/grpc-js/adapters/client-channel.js';
export type { GrpcServer, GrpcServerOptions, ServiceLimits } from './protocols/grpc/server/grpc-server.js';
export type { CallStatus } from './protocols/grpc/shared/status.js';
export type { HeaderList, Http2Options } from './transports/http2/interfaces.js';
