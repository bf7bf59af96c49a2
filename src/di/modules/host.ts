import type { ContainerModuleLoadOptions } from 'inversify';
import { managedClients } from '../../host/client-registry.js';
import type { HostParts, LogSink } from '../../host/parts.js';
import { grpcClientProtocol } from '../../protocols/grpc/client-protocol.js';
import { resolveGrpcEngine } from '../../protocols/grpc/shared/grpc-engine.js';
import { netRpcClientProtocol } from '../../protocols/netrpc/client-protocol.js';
import { commandRunner } from '../../runners/process/process.js';
import {
  CERTIFICATE_AUTHORITY,
  CLIENT_REGISTRY,
  GRPC_CLIENT_PROTOCOL,
  GRPC_ENGINE,
  GRPC_HOST_OPTIONS,
  HOST_NETWORK,
  HOST_PARTS,
  LOG_SINK,
  NETRPC_CLIENT_PROTOCOL,
  RUNNER,
} from '../tokens.js';
import { fill } from './fill.js';
import { fillTransports } from './transports.js';

const SILENT: LogSink = { write: () => {} };

/** Binds a host's parts, where nothing else is bound. */
export function fillHost(options: ContainerModuleLoadOptions): void {
  const { bind, isBound } = options;
  fillTransports(options);
  fill(options, RUNNER, (spec) => commandRunner(spec));
  fill(options, LOG_SINK, SILENT);
  fill(options, CLIENT_REGISTRY, managedClients);
  fill(options, GRPC_HOST_OPTIONS, {});
  fill(options, GRPC_ENGINE, resolveGrpcEngine());
  if (!isBound(GRPC_CLIENT_PROTOCOL))
    bind(GRPC_CLIENT_PROTOCOL).toResolvedValue(grpcClientProtocol, [GRPC_HOST_OPTIONS, GRPC_ENGINE]);
  fill(options, NETRPC_CLIENT_PROTOCOL, netRpcClientProtocol());
  if (!isBound(HOST_PARTS))
    bind(HOST_PARTS).toResolvedValue(
      (createRunner, createNetwork, certificateAuthority, logSink, clients, grpc, netrpc): HostParts => ({
        createRunner,
        createNetwork,
        certificateAuthority,
        logSink,
        clients,
        protocols: { grpc, netrpc },
      }),
      [
        RUNNER,
        HOST_NETWORK,
        CERTIFICATE_AUTHORITY,
        LOG_SINK,
        CLIENT_REGISTRY,
        GRPC_CLIENT_PROTOCOL,
        NETRPC_CLIENT_PROTOCOL,
      ],
    );
}
