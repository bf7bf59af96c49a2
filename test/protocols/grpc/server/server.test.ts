import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, type Http2Session } from 'node:http2';
import { connect } from 'node:net';
import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { NEVER, of } from 'rxjs';
import { type GetRequest, type GetResponse, KVDefinition } from '../../../../examples/gen/kv.js';
import { OptionsError } from '../../../../src/errors.js';
import type { GrpcServerOptions } from '../../../../src/protocols/grpc/server/grpc-server.js';
import type { ServiceOf } from '../../../../src/protocols/grpc/shared/service-definition.js';
import { duplexPair } from '../../../../src/testing/duplex-pair.js';
import { defer, within } from '../../../support/defer.js';
import { grpcJsService } from '../../../support/grpc-js-probe.js';
import { type ServedSocket, serveOnUnixSocket, stockClient } from '../../../support/grpc-peer.js';
import { createGrpcServer, test } from '../../../support/grpc-servers.js';
import { framed, RawCall } from '../../../support/raw-call.js';

const VALUE = Buffer.from('value');
const KV: ServiceOf<typeof KVDefinition> = {
  get: () => ({ value: VALUE }),
  put: (request) => ({ revision: BigInt(request.value.length) }),
  watch: () => NEVER,
  import: () => NEVER,
  sync: () => NEVER,
};

function serverOf(options: GrpcServerOptions = {}, service: Partial<typeof KV> = {}) {
  const server = createGrpcServer(options);
  server.addService(KVDefinition, { ...KV, ...service });
  return server;
}

/** A session of node:http2 over the socket, and one unary Get on it. */
function sessionOn(socket: ServedSocket, authority = 'http://x') {
  return connectHttp2(authority, { createConnection: () => connect(socket.path) });
}

test('C-13 any :authority is served', async () => {
  const server = serverOf();
  await using socket = await serveOnUnixSocket(server);
  for (const authority of ['unused', 'localhost', '%2Ftmp%2Fx.sock', '127.0.0.1:1234', '[::1]']) {
    using call = new RawCall(socket.path, '/kv.v1.KV/Get', { ':authority': authority });
    call.stream.end(framed(new Uint8Array(0)));
    const { trailers } = await call.finish();
    assert.equal(trailers['grpc-status'], '0', authority);
  }
});

test('an in-memory Duplex is served like a socket', async () => {
  const server = serverOf();
  const [ours, theirs] = duplexPair();
  server.inject(ours);
  const session = connectHttp2('http://memory', { createConnection: () => theirs });
  const request = { ':method': 'POST', ':path': '/kv.v1.KV/Put', 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request(request);
  const value = Buffer.alloc(1024 * 1024);
  stream.end(framed(Buffer.concat([Buffer.from([0x12, 0x80, 0x80, 0x40]), value])));
  const [trailers] = (await once(stream.resume(), 'trailers')) as [Record<string, string>];
  assert.equal(trailers['grpc-status'], '0');
  await server.close();
  session.destroy();
});

test('P-20 a connection that is opened and closed at once has no effect', async () => {
  const server = serverOf();
  await using socket = await serveOnUnixSocket(server);
  for (let round = 0; round < 50; round++) {
    const connection = connect(socket.path);
    connection.on('error', () => {});
    if (round % 2 === 0) await once(connection, 'connect');
    connection.destroy();
  }
  using client = stockClient(KVDefinition, socket.target);
  const { response } = await client.unary('get', {});
  assert.deepEqual(Buffer.from(response.value), VALUE);
});

test('the receive windows are those of the options', async () => {
  const options = { http2: { streamWindowBytes: 300_000, connectionWindowBytes: 700_000 } };
  await using socket = await serveOnUnixSocket(serverOf(options));
  const session = sessionOn(socket);
  await once(session, 'remoteSettings');
  assert.equal(session.remoteSettings.initialWindowSize, 300_000);
  await ping(session);
  assert.equal(session.state.remoteWindowSize, 700_000);
  session.destroy();
});

test('the limits are those of the options', async () => {
  const options = { maxReceiveMessageBytes: 10, http2: { maxConcurrentStreams: 7 } };
  await using socket = await serveOnUnixSocket(serverOf(options));
  const session = sessionOn(socket);
  await once(session, 'remoteSettings');
  assert.equal(session.remoteSettings.maxConcurrentStreams, 7);
  session.destroy();
  using client = stockClient(KVDefinition, socket.target);
  const error = await client.unary('put', { value: Buffer.alloc(100) }).then(unexpected, (e: ServiceError) => e);
  assert.equal(error.code, status.RESOURCE_EXHAUSTED);
});

test('close ends running calls as UNAVAILABLE, and later connections', async () => {
  const cancelled = defer();
  const started = defer();
  const server = serverOf(
    {},
    {
      watch: (_request, call) => {
        call.signal.addEventListener('abort', () => cancelled.resolve());
        started.resolve();
        return NEVER;
      },
    },
  );
  await using socket = await serveOnUnixSocket(server);
  using client = stockClient(KVDefinition, socket.target);
  const call = client.serverStream('watch', {});
  const failed = once(call, 'error') as Promise<[ServiceError]>;
  await started.promise;
  await server.close();
  await server.close();
  const [error] = await within(10_000, 'the failure', failed);
  assert.equal(error.code, status.UNAVAILABLE);
  await within(10_000, 'the cancellation', cancelled.promise);
  const late = connect(socket.path);
  late.on('error', () => {});
  await within(10_000, 'the end of the late connection', once(late.resume(), 'close'));
});

test('drain lets running calls end and refuses new ones', async () => {
  const started = defer();
  const finish = defer<{ value: Uint8Array }>();
  const server = serverOf(
    {},
    {
      get: () => {
        started.resolve();
        return finish.promise;
      },
    },
  );
  await using socket = await serveOnUnixSocket(server);
  using client = stockClient(KVDefinition, socket.target);
  const running = client.unary('get', {});
  await started.promise;
  const drained = server.drain({ graceMs: 60_000 });
  finish.resolve({ value: VALUE });
  assert.deepEqual(Buffer.from((await running).response.value), VALUE);
  await within(10_000, 'the drain', drained);
});

test('drain closes the server after graceMs', async () => {
  const started = defer();
  const server = serverOf({}, { get: () => (started.resolve(), NEVER) });
  await using socket = await serveOnUnixSocket(server);
  using client = stockClient(KVDefinition, socket.target);
  const running = client.unary('get', {}).then(unexpected, (error: ServiceError) => error);
  await started.promise;
  await within(10_000, 'the drain', server.drain({ graceMs: 50 }));
  assert.equal((await running).code, status.UNAVAILABLE);
});

test('services and interceptors of grpc-js work beside ours', async () => {
  const paths: string[] = [];
  const interceptor: ServerInterceptor = (method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        paths.push(method.path);
        next();
      },
      sendMessage: (message: { value?: Uint8Array }, next) => {
        if (message.value !== undefined) message.value = Buffer.from('changed');
        next(message);
      },
    });
  const server = serverOf({ interceptors: [interceptor] }, { watch: () => of({ key: 'k', value: VALUE }) });
  const other = { ...KVDefinition, fullName: 'other.KV' };
  server.addGrpcJsService(grpcJsService(other), {
    get: (call: ServerUnaryCall<GetRequest, GetResponse>, callback: sendUnaryData<unknown>) => {
      const trailers = new Metadata();
      trailers.set('x-key', call.request.key);
      callback(null, {}, trailers);
    },
  });
  assert.deepEqual(server.serviceNames, ['kv.v1.KV', 'other.KV']);
  await using socket = await serveOnUnixSocket(server);
  using ours = stockClient(KVDefinition, socket.target);
  using theirs = stockClient(other, socket.target);
  assert.equal(Buffer.from((await ours.unary('get', {})).response.value).toString(), 'changed');
  const [change] = (await once(ours.serverStream('watch', {}), 'data')) as [{ value: Uint8Array }];
  assert.equal(Buffer.from(change.value).toString(), 'changed');
  assert.deepEqual((await theirs.unary('get', { key: 'k' })).trailers.get('x-key'), ['k']);
  assert.deepEqual(paths, ['/kv.v1.KV/Get', '/kv.v1.KV/Watch', '/other.KV/Get']);
});

test('a service without all of its methods, or one that was added before, is refused', () => {
  const server = serverOf();
  const { get, put } = KV;
  assert.throws(
    () => server.addService({ ...KVDefinition, fullName: 'x.KV' }, { get, put } as unknown as typeof KV),
    (error) => error instanceof OptionsError && /lacks watch, import, sync/.test(error.message),
  );
  assert.throws(() => server.addService(KVDefinition, KV), OptionsError);
  assert.deepEqual(server.serviceNames, ['kv.v1.KV']);
});

test('a status text longer than peers accept in a header is cut', async () => {
  const server = serverOf(
    {},
    {
      get: () => {
        throw new Error('é'.repeat(1_000_000));
      },
    },
  );
  await using socket = await serveOnUnixSocket(server);
  using client = stockClient(KVDefinition, socket.target);
  const error = await client.unary('get', {}).then(unexpected, (e: ServiceError) => e);
  assert.equal(error.code, status.UNKNOWN);
  assert.match(error.details, /^é{4095}…$/);
});

function ping(session: Http2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    session.ping((error) => (error === null ? resolve() : reject(error)));
  });
}

function unexpected(): never {
  assert.fail('the call succeeded');
}
