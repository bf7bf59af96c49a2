import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import type { GrpcChannelOptions } from '../../src/protocols/grpc/client/channel-options.js';
import { createGrpcClient, type GrpcClientOptions } from '../../src/protocols/grpc/client/client.js';
import type { GrpcChannel } from '../../src/protocols/grpc/client/grpc-channel.js';
import type { GrpcEngine } from '../../src/protocols/grpc/shared/grpc-engine.js';
import type { ClientOf } from '../../src/protocols/grpc/shared/service-definition.js';
import { ProbeDefinition } from '../conformance/gen/probe.js';
import { memoryDialer, netDialer } from './dialers.js';
import { currentEngine, ENDPOINTS } from './engines.js';
import { bind, grpcJsProbeServer } from './grpc-js-probe.js';

export type ProbeClient = ClientOf<typeof ProbeDefinition>;

export interface ProbeRig extends AsyncDisposable {
  readonly client: ProbeClient;
  readonly channel: GrpcChannel;
  readonly server: Server;
}

export interface ProbeRigOptions extends GrpcClientOptions {
  /** @default that of the test at hand */
  readonly engine?: GrpcEngine;
  /** Takes the far end of each in-memory connection instead of the probe server. */
  readonly accept?: (far: Duplex) => void;
  readonly channel?: Partial<GrpcChannelOptions>;
  readonly server?: ServerOptions;
}

/** Our client and a stock grpc-js server, joined by an in-memory Duplex. */
export function memoryRig(options: ProbeRigOptions = {}): ProbeRig {
  const server = grpcJsProbeServer(options.server);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return rig(server, memoryDialer(options.accept ?? ((far) => injector.injectConnection(far))), options);
}

/** Our client and a stock grpc-js server, joined by a unix socket. */
export async function unixRig(options: ProbeRigOptions = {}): Promise<ProbeRig> {
  const directory = mkdtempSync(join(tmpdir(), 'g-'));
  const path = join(directory, 's');
  const server = grpcJsProbeServer(options.server);
  await bind(server, `unix:${path}`);
  return rig(server, netDialer(path), options, () => rmSync(directory, { recursive: true }));
}

function rig(
  server: Server,
  dialer: GrpcChannelOptions['dialer'],
  options: ProbeRigOptions,
  cleanUp: () => void = () => {},
): ProbeRig {
  const channel = ENDPOINTS[options.engine ?? currentEngine].createChannel({ dialer, ...options.channel });
  const client = createGrpcClient(channel, ProbeDefinition, options);
  const close = async () => {
    await channel.close();
    server.forceShutdown();
    cleanUp();
  };
  return { client, channel, server, [Symbol.asyncDispose]: close };
}
