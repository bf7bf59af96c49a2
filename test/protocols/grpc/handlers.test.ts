import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable, type Writable } from 'node:stream';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { concat, EMPTY, map, NEVER, Observable, of, range, reduce, Subject, throwError } from 'rxjs';
import { type Change, type GetResponse, KVDefinition, type SyncResponse } from '../../../examples/gen/kv.js';
import { GrpcError } from '../../../src/protocols/grpc/errors.js';
import type { GrpcServerOptions } from '../../../src/protocols/grpc/server.js';
import type { CallContext, ServiceOf } from '../../../src/protocols/grpc/service-definition.js';
import { defer, within } from '../../support/defer.js';
import { serveOnUnixSocket, stockClient } from '../../support/grpc-peer.js';
import { createGrpcServer, serverEngine, test } from '../../support/grpc-servers.js';
import { framed, RawCall } from '../../support/raw-call.js';

type KV = ServiceOf<typeof KVDefinition>;

const SILENT: KV = {
  get: () => NEVER,
  put: () => NEVER,
  watch: () => NEVER,
  import: () => NEVER,
  sync: () => NEVER,
};

/** A server with some handlers, and a stock client of it. */
async function serve(handlers: Partial<KV>, options: GrpcServerOptions = {}) {
  const server = createGrpcServer(options);
  server.addService(KVDefinition, { ...SILENT, ...handlers });
  const socket = await serveOnUnixSocket(server);
  const client = stockClient(KVDefinition, socket.target);
  return {
    ...client,
    path: socket.path,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
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

async function collect<T>(stream: AsyncIterable<T>): Promise<{ values: T[]; error?: ServiceError }> {
  const values: T[] = [];
  try {
    for await (const value of stream) values.push(value);
  } catch (error) {
    return { values, error: error as ServiceError };
  }
  return { values };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

test('a unary handler answers with a value, a Promise or an Observable', async () => {
  for (const answer of [
    (): ReturnType<KV['get']> => ({ value: bytes('v') }),
    (): ReturnType<KV['get']> => Promise.resolve({ value: bytes('v') }),
    (): ReturnType<KV['get']> => of({ value: bytes('v') }),
  ]) {
    await using peer = await serve({ get: answer });
    const { response } = await peer.unary('get', { key: 'k' });
    assert.deepEqual(Buffer.from(response.value), Buffer.from('v'));
    assert.equal(response.revision, 0n);
  }
});

test('headers, trailers, request metadata, deadline, path and peer reach the other side', async () => {
  const seen = defer<CallContext>();
  await using peer = await serve({
    get: (_request, call) => {
      seen.resolve(call);
      const headers = new Metadata();
      headers.set('x-header', 'h');
      headers.set('connection', 'not allowed in HTTP/2');
      call.sendHeaders(headers);
      call.trailers.set('x-trailer-bin', Buffer.from([0, 255]));
      return {};
    },
  });
  const metadata = new Metadata();
  metadata.add('x-request', 'one');
  metadata.add('x-request', 'two');
  const deadline = new Date(Date.now() + 60_000);
  const { headers, trailers } = await peer.unary('get', {}, metadata, { deadline });
  assert.deepEqual(headers.get('x-header'), ['h']);
  assert.deepEqual(trailers.get('x-trailer-bin'), [Buffer.from([0, 255])]);
  const call = await seen.promise;
  // node:http2 joins what came in several headers.
  const values = serverEngine === 'native' ? ['one', 'two'] : ['one, two'];
  assert.deepEqual(call.metadata.get('x-request'), values);
  assert.equal(call.path, '/kv.v1.KV/Get');
  assert.equal(call.peer, 'unknown');
  assert.ok(Math.abs(call.deadline!.getTime() - deadline.getTime()) < 30_000, String(call.deadline));
  assert.equal(call.signal.aborted, false);
});

const FAILURES: readonly [string, () => unknown, number, RegExp | string][] = [
  [
    'a thrown GrpcError',
    () => thrower(new GrpcError(status.NOT_FOUND, 'no such key')),
    status.NOT_FOUND,
    'no such key',
  ],
  ['a thrown Error', () => thrower(new Error('broken')), status.UNKNOWN, 'broken'],
  ['a thrown string', () => thrower('text'), status.UNKNOWN, 'text'],
  ['a rejected Promise', () => Promise.reject(new GrpcError(status.ABORTED, 'later')), status.ABORTED, 'later'],
  ['an error notification', () => throwError(() => new GrpcError(status.DATA_LOSS, 'gone')), status.DATA_LOSS, 'gone'],
  ['an empty Observable', () => EMPTY, status.INTERNAL, /emitted no response/],
  ['an Observable with two values', () => of({}, {}), status.INTERNAL, /emitted more than one response/],
  [
    'an endless synchronous Observable',
    () => range(0, Infinity).pipe(map(() => ({}))),
    status.INTERNAL,
    /more than one/,
  ],
  ['undefined', () => undefined, status.INTERNAL, /cannot be sent: it is undefined/],
  ['null', () => of(null), status.INTERNAL, /cannot be sent: it is null/],
  [
    'a message that cannot be encoded',
    () => ({ revision: 1n << 70n, bytes: 1n << 70n }),
    status.INTERNAL,
    /cannot be sent: .*uint64|BigInt/,
  ],
  [
    'text that UTF-8 does not have',
    () => thrower(new GrpcError(status.ABORTED, 'a\ud800b%ü\n')),
    status.ABORTED,
    'a\ufffdb%ü\n',
  ],
  ['a code that gRPC does not have', () => thrower(Object.assign(new Error('x'), { code: 99 })), status.UNKNOWN, 'x'],
];

function thrower(value: unknown): never {
  throw value;
}

test('whatever goes wrong in a unary handler is a status at the caller', async (t) => {
  for (const [what, handler, code, details] of FAILURES) {
    await t.test(what, async () => {
      await using peer = await serve({ get: handler as KV['get'], import: handler as KV['import'] });
      const error = await failureOf(peer.unary('get', {}));
      assert.equal(error.code, code, error.message);
      if (typeof details === 'string') assert.equal(error.details, details);
      else assert.match(error.details, details);
      const again = defer<ServiceError | null>();
      peer.clientStream('import', (failure) => again.resolve(failure as ServiceError | null)).end();
      assert.equal((await again.promise)?.code, code);
    });
  }
});

test('an error carries its metadata over the trailers, without what would break the response', async () => {
  await using peer = await serve({
    get: (_request, call) => {
      call.trailers.set('x-both', 'trailer');
      call.trailers.set('x-trailer', 't');
      const metadata = new Metadata();
      metadata.set('x-both', 'error');
      metadata.set('grpc-status-details-bin', Buffer.from([1, 2, 3]));
      metadata.set('grpc-status', '0');
      metadata.set('content-type', 'text/html');
      metadata.set('transfer-encoding', 'chunked');
      throw new GrpcError(status.ABORTED, 'x', { metadata });
    },
  });
  const { code, metadata } = await failureOf(peer.unary('get', {}));
  assert.equal(code, status.ABORTED);
  assert.deepEqual(metadata.get('x-both'), ['error']);
  assert.deepEqual(metadata.get('x-trailer'), ['t']);
  assert.deepEqual(metadata.get('grpc-status-details-bin'), [Buffer.from([1, 2, 3])]);
  assert.deepEqual(metadata.get('transfer-encoding'), []);
});

test('metadata that is too large for a header block fails its call and not the connection', async () => {
  const large = new Metadata();
  large.set('x-large', 'x'.repeat(100_000));
  const handlers: Partial<KV>[] = [
    { get: (_request, call) => (call.sendHeaders(large), {}) },
    { get: (_request, call) => (call.trailers.merge(large), {}) },
    { get: () => thrower(new GrpcError(status.INTERNAL, 'The metadata of this error', { metadata: large })) },
  ];
  for (const handler of handlers) {
    await using peer = await serve({ ...handler, put: () => ({}) });
    const error = await failureOf(peer.unary('get', {}));
    assert.equal(error.code, status.INTERNAL);
    assert.match(error.details, /^The metadata of/);
    await peer.unary('put', {});
  }
  await using peer = await serve({ watch: (_request, call) => (call.trailers.merge(large), EMPTY) });
  const { error } = await collect(peer.serverStream('watch', {}));
  assert.equal(error?.code, status.INTERNAL);
});

test('a server stream is an Observable, a generator or a Readable', async () => {
  const changes = [{ key: 'a' }, { key: 'b' }, { key: 'c' }];
  const sources: KV['watch'][] = [
    () => of(...changes),
    async function* () {
      yield* changes;
    },
    () => Readable.from(changes),
  ];
  for (const watch of sources) {
    await using peer = await serve({
      watch: (request, call) => {
        call.trailers.set('x-end', 'yes');
        return watch(request, call);
      },
    });
    const stream = peer.serverStream('watch', {});
    const ended = once(stream, 'status') as Promise<[{ code: number; metadata: Metadata }]>;
    const { values } = await collect<Change>(stream);
    assert.deepEqual(
      values.map(({ key }) => key),
      ['a', 'b', 'c'],
    );
    const [{ code, metadata }] = await ended;
    assert.equal(code, status.OK);
    assert.deepEqual(metadata.get('x-end'), ['yes']);
  }
});

test('a server stream that fails gives what came before, then the status', async () => {
  const failure = new GrpcError(status.OUT_OF_RANGE, 'over');
  const sources: (() => unknown)[] = [
    () =>
      concat(
        of({ key: 'a' }),
        throwError(() => failure),
      ),
    async function* () {
      yield { key: 'a' };
      throw failure;
    },
    () => concat(of({ key: 'a' }), of({ key: 'b', revision: 1n << 70n }), of({ key: 'c' })),
    async function* () {
      yield { key: 'a' };
      yield 'text';
    },
  ];
  const codes: (number | undefined)[] = [];
  for (const watch of sources) {
    await using peer = await serve({ watch: watch as KV['watch'] });
    const { values, error } = await collect<Change>(peer.serverStream('watch', {}));
    assert.deepEqual(
      values.map(({ key }) => key),
      ['a'],
    );
    codes.push(error?.code);
  }
  assert.deepEqual(codes, [status.OUT_OF_RANGE, status.OUT_OF_RANGE, status.INTERNAL, status.INTERNAL]);
});

test('a handler that gives no stream where one is due fails its call', async () => {
  await using peer = await serve({ watch: (() => ({ key: 'a' })) as unknown as KV['watch'] });
  const { error } = await collect(peer.serverStream('watch', {}));
  assert.equal(error?.code, status.INTERNAL);
  assert.match(error.details, /neither an Observable nor an AsyncIterable/);
});

test('a client stream arrives as an Observable, or as a Readable that may be left early', async () => {
  const count: KV['import'] = (request$) =>
    request$.pipe(
      reduce((entries) => entries + 1, 0),
      map((entries) => ({ entries })),
    );
  const read: KV['import'] = async (_request$, call) => {
    let entries = 0;
    for await (const request of call.requests) entries += request.key === '' ? 0 : 1;
    return { entries };
  };
  for (const handler of [count, read]) {
    await using peer = await serve({ import: handler });
    const done = defer<unknown>();
    const call = peer.clientStream('import', (error, value) => done.resolve(error ?? value));
    for (const key of ['a', 'b', 'c']) call.write({ key });
    call.end();
    assert.deepEqual(await done.promise, { entries: 3, bytes: 0n });
  }
});

test('a bidirectional stream goes both ways at once', async () => {
  const echo: KV['sync'] = (request$) => request$.pipe(map(({ id }) => ({ id })));
  const pulled: KV['sync'] = async function* (_request$, call) {
    for await (const { id } of call.requests) yield { id };
  };
  for (const sync of [echo, pulled]) {
    await using peer = await serve({ sync });
    const call = peer.bidi('sync');
    const ids: number[] = [];
    for (const id of [1, 2, 3]) {
      call.write({ id });
      const [response] = (await once(call, 'data')) as [SyncResponse];
      ids.push(response.id);
    }
    call.end();
    await once(call, 'end');
    assert.deepEqual(ids, [1, 2, 3]);
  }
});

test('leaving the requests of a bidirectional call early does not harm its responses', async () => {
  await using peer = await serve({
    async *sync(_request$, call) {
      for await (const { id } of call.requests) {
        yield { id };
        break;
      }
      yield { id: 100 };
    },
  });
  const call = peer.bidi('sync');
  call.write({ id: 1 });
  const { values, error } = await collect<SyncResponse>(call);
  assert.equal(error, undefined);
  assert.deepEqual(
    values.map(({ id }) => id),
    [1, 100],
  );
});

test('the requests can be subscribed to once', async () => {
  await using peer = await serve({
    sync: (request$) => concat(request$.pipe(map(({ id }) => ({ id }))), request$.pipe(map(() => ({})))),
  });
  const call = peer.bidi('sync');
  call.end({ id: 1 });
  const { values, error } = await collect(call);
  assert.equal(values.length, 1);
  assert.match(error!.details, /can be subscribed to once/);
});

test('a cancelled call unsubscribes the handler and aborts its signal, in all four kinds', async (t) => {
  const kinds: [
    keyof KV,
    (peer: Awaited<ReturnType<typeof serve>>) => { cancel(): void; on(event: 'error', f: () => void): unknown },
  ][] = [
    [
      'get',
      (peer) =>
        peer.client.makeUnaryRequest(
          '/kv.v1.KV/Get',
          () => Buffer.alloc(0),
          () => ({}),
          {},
          () => {},
        ),
    ],
    ['watch', (peer) => peer.serverStream('watch', {})],
    ['import', (peer) => peer.clientStream('import', () => {})],
    ['sync', (peer) => peer.bidi('sync')],
  ];
  for (const [kind, start] of kinds) {
    await t.test(kind, async () => {
      const subscribed = defer<AbortSignal>();
      const unsubscribed = defer();
      const handler = (_request: unknown, call: CallContext) =>
        new Observable<never>(() => {
          subscribed.resolve(call.signal);
          return () => unsubscribed.resolve();
        });
      await using peer = await serve({ [kind]: handler });
      const call = start(peer);
      call.on('error', () => {});
      const signal = await subscribed.promise;
      assert.equal(signal.aborted, false);
      call.cancel();
      await within(10_000, 'the unsubscription', unsubscribed.promise);
      assert.equal(signal.aborted, true);
      assert.ok(GrpcError.is(signal.reason));
      assert.equal(signal.reason.status, status.CANCELLED);
    });
  }
});

test('a passed deadline unsubscribes the handler with DEADLINE_EXCEEDED on both sides', async () => {
  const ended = defer<unknown>();
  await using peer = await serve({
    get: (_request, call) => {
      call.signal.addEventListener('abort', () => ended.resolve(call.signal.reason));
      return NEVER;
    },
  });
  // A caller that names a deadline and leaves the waiting to the server: one that gives up itself may be seen to cancel first.
  using call = new RawCall(peer.path, '/kv.v1.KV/Get', { 'grpc-timeout': '50m' });
  call.stream.end(framed(new Uint8Array()));
  const { trailers } = await call.finish();
  assert.equal(trailers['grpc-status'], String(status.DEADLINE_EXCEEDED));
  const reason = await within(10_000, 'the abort', ended.promise);
  assert.ok(GrpcError.is(reason));
  assert.equal(reason.status, status.DEADLINE_EXCEEDED);
});

test('an answered call is never aborted', async () => {
  const calls: CallContext[] = [];
  await using peer = await serve({
    get: (_request, call) => {
      calls.push(call);
      assert.equal(call.signal.aborted, false);
      return {};
    },
  });
  await peer.unary('get', {});
  await within(10_000, 'the end of the call', calls[0]!.ended);
  assert.equal(calls[0]!.signal.aborted, false);
});

test('a cancelled generator runs its finally block', async () => {
  const left = defer();
  await using peer = await serve({
    async *watch() {
      try {
        for (let revision = 1n; ; revision++) yield { revision };
      } finally {
        left.resolve();
      }
    },
  });
  const stream = peer.serverStream('watch', {});
  stream.on('error', () => {});
  await once(stream, 'readable');
  stream.cancel();
  await within(10_000, 'the finally block', left.promise);
});

test('the requests of a cancelled call error with the reason', async () => {
  const started = [defer(), defer()] as const;
  const failed = [defer<unknown>(), defer<unknown>()] as const;
  await using peer = await serve({
    sync: (request$) => {
      request$.subscribe({ next: () => started[0].resolve(), error: (error) => failed[0].resolve(error) });
      return NEVER;
    },
    import: async (_request$, call) => {
      try {
        for await (const _ of call.requests) started[1].resolve();
      } catch (error) {
        failed[1].resolve(error);
      }
      return {};
    },
  });
  const calls: (Writable & { cancel(): void })[] = [peer.bidi('sync'), peer.clientStream('import', () => {})];
  for (const [index, call] of calls.entries()) {
    call.on('error', () => {});
    call.write({});
    await within(10_000, 'the first request', started[index]!.promise);
    call.cancel();
    const error = await within(10_000, 'the error', failed[index]!.promise);
    assert.ok(GrpcError.is(error));
    assert.equal(error.status, status.CANCELLED);
  }
});

test('generators and Readables are pulled no faster than a slow caller reads', async () => {
  for (const kind of ['generator', 'readable']) {
    let produced = 0;
    const full = defer();
    const messages = function* () {
      for (; produced < 1000; produced++) yield { value: Buffer.alloc(64 * 1024) };
    };
    const watch: KV['watch'] = (_request, call) => {
      call.sendHeaders(new Metadata());
      setImmediate(() => full.resolve());
      return kind === 'readable'
        ? Readable.from(messages(), { highWaterMark: 1 })
        : Readable.from(messages()).iterator();
    };
    await using peer = await serve({ watch });
    using call = new RawCall(peer.path, '/kv.v1.KV/Watch');
    call.stream.end(framed(new Uint8Array(0)));
    await full.promise;
    const atRest = await quiet(() => produced);
    assert.ok(atRest > 0 && atRest < 40, `${atRest} messages of 64 KiB were produced for a caller that does not read`);
    const { bytes, trailers } = await call.finish();
    assert.equal(trailers['grpc-status'], '0');
    assert.ok(bytes > 1000 * 64 * 1024);
  }
});

test('an Observable that outruns its caller is buffered up to the limit, then its call fails', async () => {
  let emitted = 0;
  const unsubscribed = defer();
  const watch = () =>
    new Observable<{ value: Uint8Array }>((subscriber) => {
      const timer = setInterval(() => {
        emitted++;
        subscriber.next({ value: Buffer.alloc(64 * 1024) });
      }, 0);
      return () => {
        clearInterval(timer);
        unsubscribed.resolve();
      };
    });
  await using peer = await serve({ watch }, { maxBufferedBytes: 4 * 1024 * 1024 });
  using call = new RawCall(peer.path, '/kv.v1.KV/Watch');
  call.stream.end(framed(new Uint8Array(0)));
  await within(60_000, 'the unsubscription', unsubscribed.promise);
  assert.ok(emitted > 60 && emitted < 80, `${emitted} messages were taken`);
  const { bytes, trailers } = await call.finish();
  assert.equal(trailers['grpc-status'], String(status.RESOURCE_EXHAUSTED));
  assert.match(decodeURIComponent(String(trailers['grpc-message'])), /AsyncIterable/);
  assert.ok(bytes < emitted * 64 * 1024);
});

test('an Observable that emits more than the connection takes at once arrives complete and in order', async () => {
  await using peer = await serve({
    watch: () => range(0, 500).pipe(map((index) => ({ revision: BigInt(index), value: Buffer.alloc(10_000) }))),
  });
  const { values, error } = await collect<Change>(peer.serverStream('watch', {}));
  assert.equal(error, undefined);
  assert.deepEqual(
    values.map(({ revision }) => Number(revision)),
    Array.from({ length: 500 }, (_, index) => index),
  );
});

test('flushed resolves when the connection has taken everything', async () => {
  const flushed = defer();
  const source$ = new Subject<{ key: string }>();
  await using peer = await serve({
    watch: (_request, call) => {
      setImmediate(() => {
        source$.next({ key: 'a' });
        call.flushed().then(
          () => flushed.resolve(),
          (error) => flushed.reject(error),
        );
      });
      return source$;
    },
  });
  const stream = peer.serverStream('watch', {});
  stream.on('error', () => {});
  await within(10_000, 'the flush', flushed.promise);
  stream.cancel();
});

test('C-12 messages of 8 MiB pass both ways', async () => {
  const value = Buffer.alloc(8 * 1024 * 1024, 7);
  await using peer = await serve({
    get: () => ({ value }),
    put: (request) => ({ revision: BigInt(request.value.length) }),
  });
  const got: { response: GetResponse } = await peer.unary('get', {});
  assert.ok(value.equals(got.response.value));
  assert.equal((await peer.unary('put', { value })).response.revision, BigInt(value.length));
});

/** The value once it has stopped to change for a while. */
async function quiet(read: () => number): Promise<number> {
  for (let last = -1; ; ) {
    const now = read();
    if (now === last) return now;
    last = now;
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}
