import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { status } from '@grpc/grpc-js';
import { concat, NEVER, Observable, of, throwError } from 'rxjs';
import { PluginCallError } from '../../../../src/errors.js';
import { createGrpcClient } from '../../../../src/protocols/grpc/client/client.js';
import { createGrpcChannel } from '../../../../src/protocols/grpc/engine.js';
import { HealthDefinition } from '../../../../src/protocols/grpc/gen/grpc/health/v1/health.js';
import { GRPCControllerDefinition } from '../../../../src/protocols/grpc/gen/internal/plugin/grpc_controller.js';
import { GRPCStdioDefinition } from '../../../../src/protocols/grpc/gen/internal/plugin/grpc_stdio.js';
import type { GrpcServer } from '../../../../src/protocols/grpc/server/grpc-server.js';
import { requestShutdown } from '../../../../src/protocols/grpc/services/controller-client.js';
import { HealthService } from '../../../../src/protocols/grpc/services/health.js';
import { checkHealth } from '../../../../src/protocols/grpc/services/health-client.js';
import { StdioService } from '../../../../src/protocols/grpc/services/stdio.js';
import { receiveStdio } from '../../../../src/protocols/grpc/services/stdio-client.js';
import { GrpcError } from '../../../../src/protocols/grpc/shared/errors.js';
import { createLogger, type LogRecord } from '../../../../src/wire/logs/logger.js';
import { defer, within } from '../../../support/defer.js';
import { serveOnUnixSocket } from '../../../support/grpc-peer.js';
import { createGrpcServer, test } from '../../../support/grpc-servers.js';

/** A server with the services that `add` adds, and a channel to it. */
async function connected(add: (server: GrpcServer) => void) {
  const server = createGrpcServer();
  add(server);
  const socket = await serveOnUnixSocket(server);
  const dial = async () => {
    const connection = connect(socket.path);
    await once(connection, 'connect');
    return connection;
  };
  const channel = createGrpcChannel({ dialer: { dial } });
  return {
    server,
    health: createGrpcClient(channel, HealthDefinition),
    controller: createGrpcClient(channel, GRPCControllerDefinition),
    stdio: createGrpcClient(channel, GRPCStdioDefinition),
    async [Symbol.asyncDispose]() {
      await channel.close();
      await socket[Symbol.asyncDispose]();
    },
  };
}

test('C-02 the health check resolves with any answer, and rejects on any error or when the time is up', async () => {
  const health = new HealthService();
  await using peer = await connected((server) => server.addService(HealthDefinition, health));
  assert.equal(await checkHealth(peer.health, { timeoutMs: 60_000 }), 'SERVING');
  health.set({ plugin: 'NOT_SERVING' });
  assert.equal(await checkHealth(peer.health, { timeoutMs: 60_000 }), 'NOT_SERVING');
  const unknown = checkHealth(peer.health, { timeoutMs: 60_000, service: 'other' });
  await assert.rejects(
    unknown,
    (error) => error instanceof PluginCallError && /failed: .*NOT_FOUND/.test(error.message),
  );

  await using silent = await connected((server) =>
    server.addService(HealthDefinition, { check: () => NEVER, watch: () => NEVER, list: () => NEVER }),
  );
  const bounded = within(10_000, 'the rejection', checkHealth(silent.health, { timeoutMs: 50 }));
  await assert.rejects(bounded, { code: 'ERR_PING', message: /not answered within 50 ms/ });
  const aborted = checkHealth(silent.health, { timeoutMs: 60_000, signal: AbortSignal.abort(new Error('gone')) });
  await assert.rejects(aborted, (error) => error instanceof PluginCallError && error.code === 'ERR_PING');

  await using foreign = await connected((server) =>
    server.addService(HealthDefinition, {
      check: () => ({ status: Number('77') }),
      watch: () => NEVER,
      list: () => NEVER,
    }),
  );
  assert.equal(await checkHealth(foreign.health, { timeoutMs: 60_000 }), 'UNRECOGNIZED');
});

test('C-11 a request to shut down resolves with an answer, with an error and without either', async () => {
  const answers: ((server: GrpcServer) => void)[] = [
    () => {},
    (server) => server.addService(GRPCControllerDefinition, { shutdown: () => ({}) }),
    (server) => server.addService(GRPCControllerDefinition, { shutdown: () => NEVER }),
    (server) =>
      server.addService(GRPCControllerDefinition, {
        shutdown: () => throwError(() => new GrpcError(status.INTERNAL, 'no')),
      }),
    (server) => server.addService(GRPCControllerDefinition, { shutdown: () => server.close().then(() => ({})) }),
  ];
  for (const add of answers) {
    await using peer = await connected(add);
    await within(10_000, 'the end of the request', requestShutdown(peer.controller, { timeoutMs: 100 }));
  }
  await using peer = await connected(answers[2]!);
  const signal = AbortSignal.abort();
  await within(10_000, 'the end of the request', requestShutdown(peer.controller, { timeoutMs: 600_000, signal }));
});

/** Two Writables and a logger that record what they are given. */
function receiver() {
  const records: LogRecord[] = [];
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const sink = (into: Buffer[]) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        into.push(chunk);
        done();
      },
    });
  return {
    records,
    text: (name: 'stdout' | 'stderr') => Buffer.concat(chunks[name]).toString(),
    options: {
      stdout: sink(chunks.stdout),
      stderr: sink(chunks.stderr),
      logger: createLogger({ write: (record) => records.push(record) }),
    },
  };
}

test('output is received until the server ends, and both Writables stay open', async () => {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const service = new StdioService({ stdout, stderr });
  const started = defer();
  await using peer = await connected((server) =>
    server.addService(GRPCStdioDefinition, {
      streamStdio(request, call) {
        started.resolve();
        return service.streamStdio(request, call);
      },
    }),
  );
  const { options, text, records } = receiver();
  const received = receiveStdio(peer.stdio, options);
  await started.promise;
  const out = 'line of output\n'.repeat(10_000);
  stdout.write(out);
  stderr.write('a word of warning\n');
  await within(10_000, 'the flush', service.flush());
  await peer.server.drain({ graceMs: 100 });
  assert.equal(await within(10_000, 'the end', received), 'disconnected');
  assert.equal(text('stdout'), out);
  assert.equal(text('stderr'), 'a word of warning\n');
  assert.deepEqual(records, []);
  assert.ok(options.stdout.writable && options.stderr.writable);
  assert.equal(options.stdout.listenerCount('error') + options.stdout.listenerCount('drain'), 0);
});

test('C-05 a plugin without GRPCStdio causes one warning, and no error', async () => {
  await using peer = await connected(() => {});
  const { options, records } = receiver();
  assert.equal(await receiveStdio(peer.stdio, options), 'unsupported');
  assert.deepEqual(
    records.map(({ level }) => level),
    ['warn'],
  );
});

test('C-09 output on an unknown channel is dropped, what follows is received', async () => {
  const data = Buffer.from('x');
  await using peer = await connected((server) =>
    server.addService(GRPCStdioDefinition, {
      streamStdio: () => of({ channel: 7, data }, { channel: 0, data }, { channel: 1, data }, { channel: 2, data }),
    }),
  );
  const { options, records, text } = receiver();
  assert.equal(await receiveStdio(peer.stdio, options), 'ended');
  assert.deepEqual([text('stdout'), text('stderr')], ['x', 'x']);
  assert.deepEqual(
    records.map(({ fields }) => fields['channel']),
    [7, 0],
  );
});

test('any other failure of the stdio call is logged', async () => {
  const failing = concat(
    of({ channel: 1, data: Buffer.from('x') }),
    throwError(() => new Error('disk on fire')),
  );
  await using peer = await connected((server) =>
    server.addService(GRPCStdioDefinition, { streamStdio: () => failing }),
  );
  const { options, records, text } = receiver();
  assert.equal(await receiveStdio(peer.stdio, options), 'failed');
  assert.equal(text('stdout'), 'x');
  assert.match(JSON.stringify(records), /disk on fire/);
});

test('a full Writable makes the plugin wait, and an abort ends the call', async () => {
  let produced = 0;
  const unsubscribed = defer();
  async function* output() {
    try {
      for (; ; produced++) yield { channel: 1, data: Buffer.alloc(1024) };
    } finally {
      unsubscribed.resolve();
    }
  }
  await using peer = await connected((server) => server.addService(GRPCStdioDefinition, { streamStdio: output }));
  const full = defer();
  const stuck = new Writable({ highWaterMark: 10_000, write: () => full.resolve() });
  const abort = new AbortController();
  const { options } = receiver();
  const received = receiveStdio(peer.stdio, { ...options, stdout: stuck, signal: abort.signal });
  await within(10_000, 'the first write', full.promise);
  let last = -1;
  while (last !== produced) {
    last = produced;
    for (let turn = 0; turn < 300; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(produced < 12_000, `${produced} KiB were produced for a reader that is stuck`);
  assert.ok(stuck.writableLength <= 11_000);
  abort.abort();
  assert.equal(await within(10_000, 'the end', received), 'ended');
  await within(10_000, 'the end of the output', unsubscribed.promise);
});

test('output for a Writable that failed is dropped, the other one receives its own', async () => {
  const source = new Observable<{ channel: number; data: Uint8Array }>((subscriber) => {
    for (let index = 0; index < 100; index++) {
      subscriber.next({ channel: 1, data: Buffer.from('o') });
      subscriber.next({ channel: 2, data: Buffer.from('e') });
    }
    subscriber.complete();
  });
  await using peer = await connected((server) => server.addService(GRPCStdioDefinition, { streamStdio: () => source }));
  const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
  const { options, records, text } = receiver();
  assert.equal(await receiveStdio(peer.stdio, { ...options, stdout: broken }), 'ended');
  assert.equal(text('stderr'), 'e'.repeat(100));
  assert.equal(records.length, 1);
});
