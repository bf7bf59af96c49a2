import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import type { GrpcChannel } from '../../src/protocols/grpc/client/channel.js';
import type { GrpcChannelOptions } from '../../src/protocols/grpc/client/channel-options.js';
import { createGrpcClient, type GrpcClientOptions } from '../../src/protocols/grpc/client/client.js';
import type { GrpcEngine } from '../../src/protocols/grpc/shared/grpc-engine.js';
import type { ClientOf } from '../../src/protocols/grpc/shared/service-definition.js';
import { ProbeDefinition } from '../conformance/gen/probe.js';
import { probe } from './broker-pair.js';
import { memoryDialer, netDialer } from './dialers.js';
import { currentEngine, ENDPOINTS } from './engines.js';
import { grpcJsProbeServer } from './grpc-js-probe.js';

export type ProbeClient = ClientOf<typeof ProbeDefinition>;

/** A probe server that takes connections. */
export interface ProbeServer {
  inject(connection: Duplex): void;
  close(): void | Promise<void>;
}

export interface ProbeRig extends AsyncDisposable {
  readonly client: ProbeClient;
  readonly channel: GrpcChannel;
  readonly server: ProbeServer;
}

export interface ProbeRigOptions extends GrpcClientOptions {
  /** @default the engine of the current test */
  readonly engine?: GrpcEngine;
  /** Stands before the channel. */
  readonly wrap?: (channel: GrpcChannel) => GrpcChannel;
  /** Receives the other end of each in-memory connection instead of the probe server. */
  readonly accept?: (far: Duplex) => void;
  readonly channel?: Partial<GrpcChannelOptions>;
  /** @default grpc-js's own, on `serverOptions` */
  readonly server?: ProbeServer;
  readonly serverOptions?: ServerOptions;
}

/** A probe server. `grpc-js` is an unmodified grpc-js server with a service written for it; `native` is our own. */
export function probeServer(engine: GrpcEngine, options: ServerOptions = {}): ProbeServer {
  if (engine === 'native') {
    const server = ENDPOINTS.native.createServer();
    server.addService(ProbeDefinition, probe());
    return server;
  }
  const server = grpcJsProbeServer(options);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    inject: (connection) => injector.injectConnection(connection),
    close: () => server.forceShutdown(),
  };
}

/** Our client and a server, connected by an in-memory Duplex. */
export function memoryRig(options: ProbeRigOptions = {}): ProbeRig {
  const server = options.server ?? probeServer('grpc-js', options.serverOptions);
  return rig(server, memoryDialer(options.accept ?? ((far) => server.inject(far))), options);
}

/** Our client and a server, connected by a unix socket. */
export async function unixRig(options: ProbeRigOptions = {}): Promise<ProbeRig> {
  const directory = mkdtempSync(join(tmpdir(), 'g-'));
  const path = join(directory, 's');
  const server = options.server ?? probeServer('grpc-js', options.serverOptions);
  const listener = createServer((socket) => server.inject(socket));
  await new Promise<void>((resolve) => listener.listen(path, resolve));
  return rig(server, netDialer(path), options, () => {
    listener.close();
    rmSync(directory, { recursive: true });
  });
}

function rig(
  server: ProbeServer,
  dialer: GrpcChannelOptions['dialer'],
  options: ProbeRigOptions,
  cleanUp: () => void = () => {},
): ProbeRig {
  const { wrap = (inner) => inner, interceptors = [], defaults = {} } = options;
  const channel = wrap(ENDPOINTS[options.engine ?? currentEngine].createChannel({ dialer, ...options.channel }));
  const client = createGrpcClient(channel, ProbeDefinition, { interceptors, defaults });
  const close = async () => {
    await channel.close();
    await server.close();
    cleanUp();
  };
  return { client, channel, server, [Symbol.asyncDispose]: close };
}
