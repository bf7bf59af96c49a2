import type { PluginParts } from '../plugin/plugin-parts.js';
import { type GrpcPluginOptions, grpcServerProtocol } from '../protocols/grpc/server-protocol.js';
import type { GrpcEngine } from '../protocols/grpc/shared/grpc-engine.js';
import type { ServerProtocolFactory } from '../protocols/protocol.js';
import { selfSignedAuthority } from '../transports/tls/certificate.js';
import { pluginListen, pluginNetwork } from './networks.js';
import { refuseUnusedGrpcOptions } from './replaced-protocol.js';

/** How a plugin serves gRPC; each takes the place of what the container has bound. */
export interface PluginGrpcOptions {
  /** Server options, interceptors, further services. @default what `GRPC_PLUGIN_OPTIONS` is bound to */
  readonly grpc?: GrpcPluginOptions;
  /** The implementation of gRPC that this plugin uses. @default what `GRPC_ENGINE` is bound to, else 'native' */
  readonly grpcEngine?: GrpcEngine;
}

/** What an application has bound in the place of the defaults; undefined where it has not. */
export type ReplacedPluginParts = {
  readonly [Part in Exclude<keyof PluginParts, 'protocols'>]?: PluginParts[Part] | undefined;
} & {
  readonly grpcOptions?: GrpcPluginOptions | undefined;
  readonly grpcEngine?: GrpcEngine | undefined;
  readonly grpcProtocol?: ServerProtocolFactory | undefined;
  readonly netRpcProtocol?: ServerProtocolFactory | undefined;
};

/** The parts of a plugin: those that an application has replaced, and the defaults of the others. Throws OptionsError. */
export function pluginParts(options: PluginGrpcOptions, replaced: ReplacedPluginParts = {}): PluginParts {
  return {
    listen: replaced.listen ?? pluginListen,
    createNetwork: replaced.createNetwork ?? pluginNetwork,
    certificateAuthority: replaced.certificateAuthority ?? selfSignedAuthority(),
    protocols: {
      grpc: grpcProtocol(options, replaced),
      netrpc: replaced.netRpcProtocol ?? netRpcProtocol,
    },
  };
}

/** Loaded when it is served: most plugins speak gRPC only. */
const netRpcProtocol: ServerProtocolFactory = async (connection) => {
  const { netRpcServerProtocol } = await import('../protocols/netrpc/server-protocol.js');
  return await netRpcServerProtocol()(connection);
};

function grpcProtocol(options: PluginGrpcOptions, replaced: ReplacedPluginParts): ServerProtocolFactory {
  if (replaced.grpcProtocol === undefined)
    return grpcServerProtocol(options.grpc ?? replaced.grpcOptions, options.grpcEngine ?? replaced.grpcEngine);
  refuseUnusedGrpcOptions(options, 'GRPC_SERVER_PROTOCOL');
  return replaced.grpcProtocol;
}
