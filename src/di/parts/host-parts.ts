import type { BindInWhenOnFluentSyntax, BindToFluentSyntax, ServiceIdentifier } from 'inversify';
import { managedClients } from '../../host/client-registry.js';
import type { HostParts } from '../../host/parts.js';
import { type GrpcHostOptions, grpcClientProtocol } from '../../protocols/grpc/client-protocol.js';
import type { GrpcEngine } from '../../protocols/grpc/shared/grpc-engine.js';
import { netRpcClientProtocol } from '../../protocols/netrpc/client-protocol.js';
import { commandRunner } from '../../runners/process/process-runner.js';
import { selfSignedAuthority } from '../../transports/tls/certificate.js';
import {
  CERTIFICATE_AUTHORITY,
  CLIENT_REGISTRY,
  GRPC_CLIENT_PROTOCOL,
  GRPC_ENGINE,
  GRPC_HOST_OPTIONS,
  HOST_NETWORK,
  LOG_SINK,
  NETRPC_CLIENT_PROTOCOL,
  RUNNER,
} from '../tokens.js';
import { hostNetwork } from './networks.js';
import { optional } from './optional.js';
import { refuseUnusedGrpcOptions } from './replaced-protocol.js';

/** How a host speaks gRPC; each takes the place of what the container has bound. */
export interface HostGrpcOptions {
  /** HTTP/2, limits, interceptors, defaults of calls, the broker. @default what `GRPC_HOST_OPTIONS` is bound to */
  readonly grpc?: GrpcHostOptions;
  /** The implementation of gRPC that this host uses. @default what `GRPC_ENGINE` is bound to, else 'native' */
  readonly grpcEngine?: GrpcEngine;
}

/**
 * Binds to what `make` makes of the parts of a host: those that the container has bound, and the defaults of the others. Nothing is bound
 * for the defaults, so that what one module loads or unloads changes no other.
 */
export function toResolvedWithHostParts<T>(
  to: BindToFluentSyntax<T>,
  options: HostGrpcOptions,
  make: (parts: HostParts) => T,
): BindInWhenOnFluentSyntax<T> {
  return to.toResolvedValue(
    (createRunner, createNetwork, authority, logSink, clients, grpcOptions, grpcEngine?: GrpcEngine, grpc?, netrpc?) =>
      make({
        createRunner: createRunner ?? ((spec) => commandRunner(spec)),
        createNetwork: createNetwork ?? hostNetwork,
        certificateAuthority: authority ?? selfSignedAuthority(),
        logSink: logSink ?? { write: () => {} },
        clients: clients ?? managedClients,
        protocols: {
          grpc: grpc === undefined ? grpcOf(options, grpcOptions, grpcEngine) : replacedGrpc(options, grpc),
          netrpc: netrpc ?? netRpcClientProtocol(),
        },
      }),
    [
      optional(RUNNER),
      optional(HOST_NETWORK),
      optional(CERTIFICATE_AUTHORITY),
      optional(LOG_SINK),
      optional(CLIENT_REGISTRY),
      optional(GRPC_HOST_OPTIONS),
      // inversify's type would want a token for each member of the union.
      optional(GRPC_ENGINE as ServiceIdentifier<never>),
      optional(GRPC_CLIENT_PROTOCOL),
      optional(NETRPC_CLIENT_PROTOCOL),
    ],
  );
}

type GrpcProtocol = ReturnType<typeof grpcClientProtocol>;

function grpcOf(
  options: HostGrpcOptions,
  boundOptions: GrpcHostOptions | undefined,
  boundEngine: GrpcEngine | undefined,
): GrpcProtocol {
  return grpcClientProtocol(options.grpc ?? boundOptions, options.grpcEngine ?? boundEngine);
}

function replacedGrpc(options: HostGrpcOptions, bound: GrpcProtocol): GrpcProtocol {
  refuseUnusedGrpcOptions(options, 'GRPC_CLIENT_PROTOCOL');
  return bound;
}
