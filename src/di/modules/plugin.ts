import type { ContainerModuleLoadOptions } from 'inversify';
import type { PluginParts } from '../../plugin/plugin-parts.js';
import { grpcServerProtocol } from '../../protocols/grpc/server-protocol.js';
import { resolveGrpcEngine } from '../../protocols/grpc/shared/grpc-engine.js';
import { netRpcServerProtocol } from '../../protocols/netrpc/server-protocol.js';
import {
  CERTIFICATE_AUTHORITY,
  GRPC_ENGINE,
  GRPC_PLUGIN_OPTIONS,
  GRPC_SERVER_PROTOCOL,
  NETRPC_SERVER_PROTOCOL,
  PLUGIN_LISTEN,
  PLUGIN_NETWORK,
  PLUGIN_PARTS,
} from '../tokens.js';
import { fill } from './fill.js';
import { fillTransports } from './transports.js';

/** Binds a plugin's parts, where nothing else is bound. */
export function fillPlugin(options: ContainerModuleLoadOptions): void {
  const { bind, isBound } = options;
  fillTransports(options);
  fill(options, GRPC_PLUGIN_OPTIONS, {});
  fill(options, GRPC_ENGINE, resolveGrpcEngine());
  if (!isBound(GRPC_SERVER_PROTOCOL))
    bind(GRPC_SERVER_PROTOCOL).toResolvedValue(grpcServerProtocol, [GRPC_PLUGIN_OPTIONS, GRPC_ENGINE]);
  fill(options, NETRPC_SERVER_PROTOCOL, netRpcServerProtocol());
  if (!isBound(PLUGIN_PARTS))
    bind(PLUGIN_PARTS).toResolvedValue(
      (listen, createNetwork, certificateAuthority, grpc, netrpc): PluginParts => ({
        listen,
        createNetwork,
        certificateAuthority,
        protocols: { grpc, netrpc },
      }),
      [PLUGIN_LISTEN, PLUGIN_NETWORK, CERTIFICATE_AUTHORITY, GRPC_SERVER_PROTOCOL, NETRPC_SERVER_PROTOCOL],
    );
}
