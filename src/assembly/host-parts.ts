import { managedClients } from '../host/client-registry.js';
import type { HostParts } from '../host/parts.js';
import { type GrpcHostOptions, grpcClientProtocol } from '../protocols/grpc/client-protocol.js';
import type { GrpcEngine } from '../protocols/grpc/shared/grpc-engine.js';
import type { ClientProtocolFactory } from '../protocols/protocol.js';
import { commandRunner } from '../runners/process/process-runner.js';
import { selfSignedAuthority } from '../transports/tls/certificate.js';
import { hostNetwork } from './networks.js';
import { refuseUnusedGrpcOptions } from './replaced-protocol.js';

/** How a host speaks gRPC; each takes the place of what the container has bound. */
export interface HostGrpcOptions {
  /** HTTP/2, limits, interceptors, defaults of calls, the broker. @default what `GRPC_HOST_OPTIONS` is bound to */
  readonly grpc?: GrpcHostOptions;
  /** The implementation of gRPC that this host uses. @default what `GRPC_ENGINE` is bound to, else 'native' */
  readonly grpcEngine?: GrpcEngine;
}

/** What an application has bound in the place of the defaults; undefined where it has not. */
export type ReplacedHostParts = {
  readonly [Part in Exclude<keyof HostParts, 'protocols'>]?: HostParts[Part] | undefined;
} & {
  readonly grpcOptions?: GrpcHostOptions | undefined;
  readonly grpcEngine?: GrpcEngine | undefined;
  readonly grpcProtocol?: ClientProtocolFactory | undefined;
  readonly netRpcProtocol?: ClientProtocolFactory | undefined;
};

/** The parts of a host: those that an application has replaced, and the defaults of the others. Throws OptionsError. */
export function hostParts(options: HostGrpcOptions, replaced: ReplacedHostParts = {}): HostParts {
  return {
    createRunner: replaced.createRunner ?? ((spec) => commandRunner(spec)),
    createNetwork: replaced.createNetwork ?? hostNetwork,
    certificateAuthority: replaced.certificateAuthority ?? selfSignedAuthority(),
    logSink: replaced.logSink ?? { write: () => {} },
    clients: replaced.clients ?? managedClients,
    grpcOptions: options.grpc ?? replaced.grpcOptions,
    protocols: {
      grpc: grpcProtocol(options, replaced),
      netrpc: replaced.netRpcProtocol ?? netRpcProtocol,
    },
  };
}

/** Loaded when a plugin speaks it: most speak gRPC. */
const netRpcProtocol: ClientProtocolFactory = async (connection) => {
  const { netRpcClientProtocol } = await import('../protocols/netrpc/client-protocol.js');
  return await netRpcClientProtocol()(connection);
};

function grpcProtocol(options: HostGrpcOptions, replaced: ReplacedHostParts): ClientProtocolFactory {
  if (replaced.grpcProtocol === undefined)
    return grpcClientProtocol(options.grpc ?? replaced.grpcOptions, options.grpcEngine ?? replaced.grpcEngine);
  refuseUnusedGrpcOptions(options, 'GRPC_CLIENT_PROTOCOL');
  return replaced.grpcProtocol;
}
