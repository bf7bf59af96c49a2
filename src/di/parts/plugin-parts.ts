import type { Container } from 'inversify';
import type { PluginParts } from '../../plugin/plugin-parts.js';
import { type GrpcPluginOptions, grpcServerProtocol } from '../../protocols/grpc/server-protocol.js';
import type { GrpcEngine } from '../../protocols/grpc/shared/grpc-engine.js';
import { netRpcServerProtocol } from '../../protocols/netrpc/server-protocol.js';
import type { ServerProtocolFactory } from '../../protocols/protocol.js';
import { selfSignedAuthority } from '../../transports/tls/certificate.js';
import {
  CERTIFICATE_AUTHORITY,
  GRPC_ENGINE,
  GRPC_PLUGIN_OPTIONS,
  GRPC_SERVER_PROTOCOL,
  NETRPC_SERVER_PROTOCOL,
  PLUGIN_LISTEN,
  PLUGIN_NETWORK,
} from '../tokens.js';
import { pluginListen, pluginNetwork } from './networks.js';
import { refuseUnusedGrpcOptions } from './replaced-protocol.js';

/** How a plugin serves gRPC; each takes the place of what the container has bound. */
export interface PluginGrpcOptions {
  /** Server options, interceptors, further services. @default what `GRPC_PLUGIN_OPTIONS` is bound to */
  readonly grpc?: GrpcPluginOptions;
  /** The implementation of gRPC that this plugin uses. @default what `GRPC_ENGINE` is bound to, else 'native' */
  readonly grpcEngine?: GrpcEngine;
}

/** A plugin's parts: those that the container has bound, and the defaults of the others. */
export function pluginParts(container: Container, options: PluginGrpcOptions): PluginParts {
  return {
    listen: container.get(PLUGIN_LISTEN, { optional: true }) ?? pluginListen,
    createNetwork: container.get(PLUGIN_NETWORK, { optional: true }) ?? pluginNetwork,
    certificateAuthority: container.get(CERTIFICATE_AUTHORITY, { optional: true }) ?? selfSignedAuthority(),
    protocols: {
      grpc: grpcProtocol(container, options),
      netrpc: container.get(NETRPC_SERVER_PROTOCOL, { optional: true }) ?? netRpcServerProtocol(),
    },
  };
}

function grpcProtocol(container: Container, options: PluginGrpcOptions): ServerProtocolFactory {
  const bound = container.get(GRPC_SERVER_PROTOCOL, { optional: true });
  if (bound !== undefined) {
    refuseUnusedGrpcOptions(options, 'GRPC_SERVER_PROTOCOL');
    return bound;
  }
  return grpcServerProtocol(
    options.grpc ?? container.get(GRPC_PLUGIN_OPTIONS, { optional: true }),
    options.grpcEngine ?? container.get(GRPC_ENGINE, { optional: true }),
  );
}
