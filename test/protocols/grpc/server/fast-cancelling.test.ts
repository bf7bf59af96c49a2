/** Cancelling calls fast is no attack on our own server: what is bounded is the number of handlers that run. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { connect as dial } from 'node:net';
import { type TestContext, test } from 'node:test';
import { NEVER } from 'rxjs';
import { KVDefinition } from '../../../../examples/gen/kv.js';
import { HealthDefinition } from '../../../../src/protocols/grpc/gen/grpc/health/v1/health.js';
import type { GrpcServer, GrpcServerOptions } from '../../../../src/protocols/grpc/server/grpc-server.js';
import { HealthService } from '../../../../src/protocols/grpc/services/health.js';
import { OWN_SERVICE_SETTINGS } from '../../../../src/protocols/grpc/services/limits.js';
import { connectHttp2 } from '../../../../src/transports/http2/open-session.js';
import { createLogger, type LogRecord } from '../../../../src/wire/logs/logger.js';
import { defer, within } from '../../../support/defer.js';
import { ENDPOINTS } from '../../../support/engines.js';
import { serveOnUnixSocket } from '../../../support/grpc-peer.js';
import type { KV } from '../../../support/kv-server.js';
import { framed } from '../../../support/raw-call.js';

const GRPC = ['content-type', 'application/grpc', 'te', 'trailers'];
const ignore = () => {};
const NO_EVENTS = {
  onHeaders: ignore,
  onData: ignore,
  onTrailers: ignore,
  onEnd: ignore,
  onReset: ignore,
  onDrain: ignore,
};

/** A client on node:http2, without gRPC code, of a server of ours. */
async function start(
  t: TestContext,
  handlers: Partial<KV>,
  options: GrpcServerOptions = {},
  configure: (server: GrpcServer) => void = ignore,
) {
  const server = ENDPOINTS.native.createServer(options);
  const never = () => NEVER;
  server.addService(KVDefinition, { get: never, put: never, watch: never, import: never, sync: never, ...handlers });
  configure(server);
  const socket = await serveOnUnixSocket(server);
  const session = connect('http://raw', { createConnection: () => dial(socket.path) });
  session.on('error', () => {});
  await once(session, 'remoteSettings');
  t.after(async () => {
    session.destroy();
    await socket[Symbol.asyncDispose]();
  });
  return { session, path: socket.path };
}

function call(session: ClientHttp2Session, method: string, service = 'kv.v1.KV'): ClientHttp2Stream {
  const path = `/${service}/${method}`;
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  stream.end(framed(new Uint8Array()));
  return stream;
}

/** The gRPC status of a call. */
async function statusOf(stream: ClientHttp2Stream): Promise<string> {
  stream.resume();
  const [trailers] = await within(10_000, 'the trailers', once(stream, 'trailers'));
  return String(trailers['grpc-status']);
}

/** The code of the RST_STREAM that closed a call. */
async function closed(stream: ClientHttp2Stream): Promise<number | undefined> {
  const over = new Promise<void>((resolve) => stream.once('close', resolve));
  if (!stream.closed) await within(10_000, 'the end of a call', over);
  return stream.rstCode;
}

test('calls that are cancelled as fast as they are made affect no other call', async (t) => {
  const { path } = await start(t, {});
  const connection = dial(path);
  await once(connection, 'connect');
  const ended = defer<Error | undefined>();
  const fast = connectHttp2(connection, { onClose: ended.resolve });
  const request = [':method', 'POST', ':scheme', 'http', ':path', '/kv.v1.KV/Get', ':authority', 'x', ...GRPC];
  let resets = 0;
  fast.open(request, { ...NO_EVENTS, onReset: (_code, error) => void (resets += error === undefined ? 1 : 0) });
  for (let round = 0; round < 60; round += 1) {
    const calls = Array.from({ length: 500 }, () => fast.open(request, NO_EVENTS));
    for (const one of calls) one.write(framed(new Uint8Array()), true);
    if (round % 2 === 0) await fast.ping(10_000);
    for (const one of calls) one.reset(constants.NGHTTP2_CANCEL);
    await fast.ping(10_000);
  }
  assert.equal(fast.usable, true);
  assert.equal(resets, 0);
  fast.destroy();
  assert.equal(await ended.promise, undefined);
});

test('a cancelled call counts for maxConcurrentStreams until its handler has finished', async (t) => {
  const released = defer();
  let running = 0;
  const get = async () => {
    running += 1;
    await released.promise;
    return {};
  };
  async function* watch() {
    running += 1;
    await released.promise;
    yield {};
  }
  const { session } = await start(t, { get, watch, put: async () => ({}) }, { http2: { maxConcurrentStreams: 10 } });
  for (let round = 0; round < 5; round += 1) {
    const calls = Array.from({ length: 4 }, (_, index) => call(session, index % 2 === 0 ? 'Get' : 'Watch'));
    await new Promise((resolve) => session.ping(resolve));
    for (const one of calls) one.close(constants.NGHTTP2_CANCEL);
    await Promise.all(calls.map(closed));
  }
  assert.equal(running, 10);
  assert.equal(await closed(call(session, 'Put')), constants.NGHTTP2_REFUSED_STREAM);
  released.resolve();
  await new Promise((resolve) => session.ping(resolve));
  assert.equal(await statusOf(call(session, 'Put')), '0');
});

test('a server whose cancelled handlers never end answers for its own services, and its log says why it refuses', async (t) => {
  const records: LogRecord[] = [];
  const logger = createLogger({ write: (record) => void records.push(record) });
  async function* watch() {
    await new Promise(() => {});
    yield {};
  }
  const own = (server: GrpcServer) => server.addService(HealthDefinition, new HealthService(), OWN_SERVICE_SETTINGS);
  const options = { http2: { maxConcurrentStreams: 10 }, logger };
  const { session } = await start(t, { watch, put: async () => ({}) }, options, own);
  const calls = Array.from({ length: 10 }, () => call(session, 'Watch'));
  await new Promise((resolve) => session.ping(resolve));
  for (const one of calls) one.close(constants.NGHTTP2_CANCEL);
  await Promise.all(calls.map(closed));
  for (let count = 0; count < 2; count += 1)
    assert.equal(await closed(call(session, 'Put')), constants.NGHTTP2_REFUSED_STREAM);
  assert.equal(await statusOf(call(session, 'Check', 'grpc.health.v1.Health')), '0');
  assert.deepEqual(
    records.map(({ level, fields }) => [level, fields]),
    [['warn', { method: '/kv.v1.KV/Put', stillRunning: 10, maxConcurrentStreams: 10 }]],
  );
});
