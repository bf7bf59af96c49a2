import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { type ServiceError, status } from '@grpc/grpc-js';
import { Subject } from 'rxjs';
import { CapturedOutput } from '../../../../src/plugin/captured-output.js';
import {
  HealthCheckResponse_ServingStatus as Code,
  type HealthCheckResponse,
  HealthDefinition,
} from '../../../../src/protocols/grpc/gen/grpc/health/v1/health.js';
import { GRPCControllerDefinition } from '../../../../src/protocols/grpc/gen/internal/plugin/grpc_controller.js';
import { GRPCStdioDefinition, type StdioData } from '../../../../src/protocols/grpc/gen/internal/plugin/grpc_stdio.js';
import { createController } from '../../../../src/protocols/grpc/services/controller.js';
import { HealthService, type HealthStatuses } from '../../../../src/protocols/grpc/services/health.js';
import { StdioService } from '../../../../src/protocols/grpc/services/stdio.js';
import type { ServiceDefinition, ServiceOf } from '../../../../src/protocols/grpc/shared/service-definition.js';
import { defer, within } from '../../../support/defer.js';
import { serveOnUnixSocket, stockClient } from '../../../support/grpc-peer.js';
import { createGrpcServer, test } from '../../../support/grpc-servers.js';

/** One service behind a socket, and a client of grpc-js's. */
async function serve<D extends ServiceDefinition>(definition: D, service: ServiceOf<D>) {
  const server = createGrpcServer();
  server.addService(definition, service);
  const socket = await serveOnUnixSocket(server);
  const clients = [stockClient(definition, socket.target)];
  return {
    ...clients[0]!,
    server,
    /** A client with a connection of its own. */
    another() {
      const client = stockClient(definition, socket.target, { 'grpc.use_local_subchannel_pool': 1 });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client[Symbol.dispose]();
      await socket[Symbol.asyncDispose]();
    },
  };
}

async function failureOf(promise: Promise<unknown>): Promise<ServiceError> {
  return promise.then(
    () => assert.fail('the call succeeded'),
    (error: ServiceError) => error,
  );
}

test('C-01 Check answers SERVING for `plugin` and for the server, and fails with NOT_FOUND for other names', async () => {
  await using peer = await serve(HealthDefinition, new HealthService());
  for (const service of ['plugin', '']) {
    const { response } = await peer.unary('check', { service });
    assert.equal(response.status, Code.SERVING);
  }
  for (const service of ['other', 'constructor', '__proto__']) {
    const error = await failureOf(peer.unary('check', { service }));
    assert.equal(error.code, status.NOT_FOUND);
    assert.equal(error.details, 'unknown service');
  }
});

test('health follows an Observable; Watch sends each change once, and SERVICE_UNKNOWN for a name without a status', async () => {
  const health = new HealthService();
  const statuses$ = new Subject<HealthStatuses>();
  const following = health.follow(statuses$);
  await using peer = await serve(HealthDefinition, health);
  const plugin = peer.serverStream('watch', { service: 'plugin' });
  const later = peer.serverStream('watch', { service: 'later' });
  const next = async (stream: typeof plugin) => Code[((await once(stream, 'data')) as [HealthCheckResponse])[0].status];
  assert.deepEqual(await Promise.all([next(plugin), next(later)]), ['SERVING', 'SERVICE_UNKNOWN']);

  const changes = Promise.all([next(plugin), next(later)]);
  statuses$.next({ plugin: 'SERVING' });
  statuses$.next({ plugin: 'NOT_SERVING', later: 'SERVING' });
  assert.deepEqual(await changes, ['NOT_SERVING', 'SERVING']);

  const listed = await peer.unary('list', {});
  assert.deepEqual(listed.response.statuses, {
    '': { status: Code.SERVING },
    plugin: { status: Code.NOT_SERVING },
    later: { status: Code.SERVING },
  });
  const last = next(later);
  statuses$.error(new Error('the source broke'));
  assert.equal(await last, 'NOT_SERVING');
  following.unsubscribe();
  for (const stream of [plugin, later]) stream.on('error', () => {}).cancel();
});

test('List fails for more than a hundred services', async () => {
  const health = new HealthService();
  health.set(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`s${index}`, 'SERVING'])));
  await using peer = await serve(HealthDefinition, health);
  assert.equal((await failureOf(peer.unary('list', {}))).code, status.RESOURCE_EXHAUSTED);
});

test('C-10 Shutdown runs beforeAnswer, answers, then calls onShutdown, once for any number of requests', async () => {
  const events: string[] = [];
  const signalled = defer();
  const prepared = defer();
  const controller = createController({
    beforeAnswer: async () => {
      events.push('prepare');
      await prepared.promise;
    },
    onShutdown: () => {
      events.push('signal');
      signalled.resolve();
    },
    stepTimeoutMs: 60_000,
  });
  await using peer = await serve(GRPCControllerDefinition, controller);
  const calls = [1, 2, 3].map(() => peer.unary('shutdown', {}).then(() => events.push('answer')));
  prepared.resolve();
  await within(10_000, 'the signal', signalled.promise);
  await Promise.all(calls);
  assert.equal(events[0], 'prepare');
  assert.deepEqual(events.toSorted(), ['answer', 'answer', 'answer', 'prepare', 'signal']);
});

test('C-10 Shutdown calls onShutdown also when beforeAnswer hangs or fails, and when the caller is gone', async () => {
  const preparations = [() => new Promise(() => {}), () => Promise.reject(new Error('no')), () => failing()];
  for (const beforeAnswer of preparations) {
    const signalled = defer();
    const onShutdown = () => signalled.resolve();
    await using peer = await serve(
      GRPCControllerDefinition,
      createController({ beforeAnswer, onShutdown, stepTimeoutMs: 50 }),
    );
    await peer.unary('shutdown', {});
    await within(10_000, 'the signal', signalled.promise);
  }
  const signalled = defer();
  const asked = defer();
  const hang = createController({
    beforeAnswer: async () => asked.resolve(),
    onShutdown: () => signalled.resolve(),
    stepTimeoutMs: 50,
  });
  await using peer = await serve(GRPCControllerDefinition, hang);
  const call = peer.client.makeUnaryRequest(
    '/plugin.GRPCController/Shutdown',
    () => Buffer.alloc(0),
    () => ({}),
    {},
    () => {},
  );
  await asked.promise;
  call.cancel();
  await within(10_000, 'the signal', signalled.promise);
});

function failing(): never {
  throw new Error('thrown, not rejected');
}

/** Two sources and their service. */
function stdio() {
  const stdout = new PassThrough({ highWaterMark: 64 * 1024 });
  const stderr = new PassThrough({ highWaterMark: 64 * 1024 });
  return { stdout, stderr, service: new StdioService({ stdout, stderr }) };
}

const textOf = (chunks: readonly StdioData[], channel: number): string =>
  Buffer.concat(chunks.filter((chunk) => chunk.channel === channel).map(({ data }) => data)).toString('latin1');

test('C-07 output is sent in chunks of 1 to 1024 bytes, in order on each channel', async () => {
  const { stdout, stderr, service } = stdio();
  await using peer = await serve(GRPCStdioDefinition, service);
  const out = Buffer.from(Array.from({ length: 20_000 }, (_, index) => index % 251)).toString('latin1');
  stdout.write(Buffer.from(out, 'latin1'));
  stderr.write('oops\n');
  const chunks: StdioData[] = [];
  const stream = peer.serverStream('streamStdio', {});
  stream.on('error', () => {});
  let wanted = out.length + 5;
  for await (const chunk of stream as AsyncIterable<StdioData>) {
    chunks.push(chunk);
    wanted -= chunk.data.byteLength;
    if (wanted === 0) break;
  }
  assert.equal(textOf(chunks, 1), out);
  assert.equal(textOf(chunks, 2), 'oops\n');
  assert.ok(chunks.every(({ data }) => data.byteLength >= 1 && data.byteLength <= 1024));
  // The other stream did not wait for the end of the busy one.
  assert.ok(chunks.findIndex(({ channel }) => channel === 2) <= 2);
});

test('C-08 without a host the sources fill up to their limit, and a later host receives all of it', async () => {
  const { stdout, service } = stdio();
  await using peer = await serve(GRPCStdioDefinition, service);
  let written = 0;
  while (stdout.write(Buffer.alloc(10_000, written++)));
  assert.ok(written > 6 && written < 16, `the source took ${written} chunks`);
  const stream = peer.serverStream('streamStdio', {});
  stream.on('error', () => {});
  const drained = once(stdout, 'drain');
  let received = 0;
  for await (const chunk of stream as AsyncIterable<StdioData>) {
    received += chunk.data.byteLength;
    if (received === written * 10_000) break;
  }
  await drained;
});

test('each byte is sent to one host, and a later host continues where an earlier one stopped', async () => {
  const { stdout, service } = stdio();
  let departed: Promise<void> = Promise.resolve();
  await using peer = await serve(GRPCStdioDefinition, {
    streamStdio(request, call) {
      departed = call.ended;
      return service.streamStdio(request, call);
    },
  });
  let text = '';
  for (let round = 0; round < 5; round++) {
    const stream = peer.another().serverStream('streamStdio', {});
    stream.on('error', () => {});
    stdout.write(`line ${round}\n`);
    const [chunk] = (await once(stream, 'data')) as [StdioData];
    text += Buffer.from(chunk.data).toString();
    stream.cancel();
    await within(10_000, 'the departure of the host', departed);
  }
  assert.equal(text, 'line 0\nline 1\nline 2\nline 3\nline 4\n');
});

test('chunks are recycled after they were sent, and hosts receive them unchanged', async () => {
  const stdout = new CapturedOutput({ readableHighWaterMark: 1 << 20, writableHighWaterMark: 1 << 20 });
  let recycled = 0;
  const source = Object.assign(stdout, {
    recycle: (chunk: Uint8Array) => {
      recycled += 1;
      CapturedOutput.prototype.recycle.call(stdout, chunk);
    },
  });
  const stderr = new PassThrough();
  const service = new StdioService({ stdout: source, stderr, maxChunkBytes: 40_000, recycleChunks: true });
  let departed: Promise<void> = Promise.resolve();
  await using peer = await serve(GRPCStdioDefinition, {
    streamStdio(request, call) {
      departed = call.ended;
      return service.streamStdio(request, call);
    },
  });
  let expected = 0;
  for (let host = 0; host < 3; host += 1) {
    const stream = peer.another().serverStream('streamStdio', {});
    stream.on('error', () => {});
    const last = expected + 60;
    for (let index = expected; index < last; index += 1) stdout.writeCopy(Buffer.alloc(40_000, index), () => {});
    for await (const { data } of stream as AsyncIterable<StdioData>) {
      assert.equal(data.length, 40_000);
      assert.ok(data.every((byte) => byte === expected));
      expected += 1;
      if (expected === last) break;
    }
    stream.cancel();
    await within(10_000, 'the departure of the host', departed);
  }
  assert.ok(recycled > 150, `${recycled} chunks were recycled`);
});

test('flush resolves when everything was handed to the connection of the host, and at once without a host', async () => {
  const { stdout, stderr, service } = stdio();
  stdout.write('before anybody listens\n');
  await within(10_000, 'the flush without a host', service.flush());
  await using peer = await serve(GRPCStdioDefinition, service);
  const stream = peer.serverStream('streamStdio', {});
  stream.on('error', () => {});
  const chunks: StdioData[] = [];
  stream.on('data', (chunk: StdioData) => chunks.push(chunk));
  await once(stream, 'data');
  stdout.write('x'.repeat(200_000));
  stderr.write('last words\n');
  await within(10_000, 'the flush', service.flush());
  assert.equal(stdout.readableLength + stderr.readableLength, 0);
  const complete = once(stream, 'end').catch(() => {});
  await peer.server.drain({ graceMs: 100 });
  await complete;
  assert.equal(textOf(chunks, 1).length, 'before anybody listens\n'.length + 200_000);
  assert.equal(textOf(chunks, 2), 'last words\n');
});
