import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { Status } from '@grpc/grpc-js/build/src/constants.js';
import { NEVER, of, Subject } from 'rxjs';
import { KVDefinition } from '../../../../examples/gen/kv.js';
import { grpcClientProtocol } from '../../../../src/protocols/grpc/client-protocol.js';
import { grpcPlugin } from '../../../../src/protocols/grpc/contract.js';
import { GRPCBrokerDefinition } from '../../../../src/protocols/grpc/gen/internal/plugin/grpc_broker.js';
import { GRPCStdioDefinition } from '../../../../src/protocols/grpc/gen/internal/plugin/grpc_stdio.js';
import type { GrpcServer } from '../../../../src/protocols/grpc/server/grpc-server.js';
import { grpcServerProtocol } from '../../../../src/protocols/grpc/server-protocol.js';
import type { BrokerNetwork } from '../../../../src/protocols/protocol.js';
import { createLogger, type LogRecord } from '../../../../src/wire/logs/logger.js';
import { defer, within } from '../../../support/defer.js';
import { netDialer } from '../../../support/dialers.js';
import { ENDPOINTS, ENGINES } from '../../../support/engines.js';
import { serveOnUnixSocket } from '../../../support/grpc-peer.js';
import { RawCall } from '../../../support/raw-call.js';

const MiB = 1024 * 1024;
const NO_NETWORK: BrokerNetwork = {
  dialerTo: () => assert.fail('nothing is dialed'),
  listen: () => Promise.reject(new Error('nothing is listened on')),
  pluginToHost: (address) => address,
  hostToPlugin: (address) => address,
};

/** A plugin with the key-value service, at a socket. */
async function startPlugin() {
  const directory = mkdtempSync(join(tmpdir(), 'l-'));
  const path = join(directory, 's');
  const connection$ = new Subject<never>();
  const server = createServer((connection) => connection$.next(connection as never)).listen(path);
  await once(server, 'listening');
  const unused = () => NEVER;
  const kv = { get: unused, put: () => ({}), watch: unused, import: unused, sync: unused };
  const serving = await grpcServerProtocol()({
    listener: { address: { network: 'unix', address: path }, connection$, close: async () => connection$.complete() },
    network: NO_NETWORK,
    tls: undefined,
    multiplex: false,
    implementations: { kv: { contract: grpcPlugin(KVDefinition), create: () => kv } },
    syncStdout: new PassThrough(),
    syncStderr: new PassThrough(),
    logger: createLogger({ write: () => {} }),
    onShutdown: async () => {},
  });
  return {
    path,
    async [Symbol.asyncDispose]() {
      await serving.close();
      server.close();
      rmSync(directory, { recursive: true });
    },
  };
}

const OWN_METHODS = [
  'plugin.GRPCController/Shutdown',
  'plugin.GRPCStdio/StreamStdio',
  'plugin.GRPCBroker/StartStream',
  'grpc.health.v1.Health/Check',
  'grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  'grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
];

test("a plugin refuses requests above 4 MiB to the library's services at their header, and takes them for its own services", async () => {
  await using plugin = await startPlugin();
  const prefix = Buffer.alloc(5);
  for (const method of OWN_METHODS) {
    using call = new RawCall(plugin.path, `/${method}`);
    prefix.writeUInt32BE(4 * MiB + 1, 1);
    call.stream.write(prefix);
    const { trailers } = await within(10_000, `the refusal by ${method}`, call.finish());
    assert.equal(trailers['grpc-status'], String(Status.RESOURCE_EXHAUSTED), method);
  }
  using call = new RawCall(plugin.path, '/kv.v1.KV/Put');
  const value = Buffer.alloc(5 * MiB);
  prefix.writeUInt32BE(value.length + 5, 1);
  call.stream.end(Buffer.concat([prefix, Buffer.of(0x12, 0x80, 0x80, 0xc0, 0x02), value]));
  assert.equal((await within(10_000, 'the answer', call.finish())).trailers['grpc-status'], '0');
});

const FLOODS: Readonly<Record<string, { text: string; serve: (server: GrpcServer) => void }>> = {
  'receiving its output': {
    text: 'receiving stdout and stderr',
    serve: (server) =>
      server.addService(GRPCStdioDefinition, { streamStdio: () => of({ channel: 1, data: Buffer.alloc(5 * MiB) }) }),
  },
  'its broker': {
    text: 'the broker of the plugin is closed: its call has failed',
    serve: (server) =>
      server.addService(GRPCBrokerDefinition, { startStream: () => of({ address: 'x'.repeat(5 * MiB) }) }),
  },
};

for (const [what, { text, serve }] of Object.entries(FLOODS))
  for (const engine of ENGINES) {
    test(`a host ends ${what} after a message of more than 4 MiB, and its log says so [${engine}]`, async () => {
      const server = ENDPOINTS.native.createServer();
      serve(server);
      await using socket = await serveOnUnixSocket(server);
      const told = defer<LogRecord>();
      const write = (record: LogRecord) => {
        if (record.message.startsWith(text)) told.resolve(record);
      };
      const syncStdout = new PassThrough();
      const client = await grpcClientProtocol(
        {},
        engine,
      )({
        dialer: netDialer(socket.path),
        network: NO_NETWORK,
        tls: undefined,
        multiplex: false,
        plugins: {},
        syncStdout,
        syncStderr: new PassThrough(),
        logger: createLogger({ write }),
        signal: new AbortController().signal,
      });
      const { fields } = await within(10_000, 'the failure', told.promise);
      assert.match(JSON.stringify(fields), /RESOURCE_EXHAUSTED.*4194304/);
      assert.equal(syncStdout.readableLength, 0);
      await client.close();
    });
  }
