import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { Metadata, status } from '@grpc/grpc-js';
import { firstValueFrom, map, Observable, range, Subject } from 'rxjs';
import { type Change, type GetResponse, KVDefinition } from '../../../../examples/gen/kv.js';
import { createGrpcClient } from '../../../../src/protocols/grpc/client/client.js';
import { defer, within } from '../../../support/defer.js';
import { netDialer } from '../../../support/dialers.js';
import { ENDPOINTS } from '../../../support/engines.js';
import { serverEngine, test } from '../../../support/grpc-servers.js';
import { collect, type KV, serveKv } from '../../../support/kv-server.js';
import { framed, RawCall } from '../../../support/raw-call.js';

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
    await using peer = await serveKv({ watch });
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

test('an Observable that is faster than its caller is buffered up to the limit, then its call fails', async () => {
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
  await using peer = await serveKv({ watch }, { maxBufferedBytes: 4 * 1024 * 1024 });
  using call = new RawCall(peer.path, '/kv.v1.KV/Watch');
  call.stream.end(framed(new Uint8Array(0)));
  await within(60_000, 'the unsubscription', unsubscribed.promise);
  assert.ok(emitted > 60 && emitted < 80, `${emitted} messages were taken`);
  const { bytes, trailers } = await call.finish();
  assert.equal(trailers['grpc-status'], String(status.RESOURCE_EXHAUSTED));
  assert.match(decodeURIComponent(String(trailers['grpc-message'])), /AsyncIterable/);
  assert.ok(bytes < emitted * 64 * 1024);
});

test('messages of an Observable that emits more than the connection accepts at once arrive complete and in order', async () => {
  await using peer = await serveKv({
    watch: () => range(0, 500).pipe(map((index) => ({ revision: BigInt(index), value: Buffer.alloc(10_000) }))),
  });
  const { values, error } = await collect<Change>(peer.serverStream('watch', {}));
  assert.equal(error, undefined);
  assert.deepEqual(
    values.map(({ revision }) => Number(revision)),
    Array.from({ length: 500 }, (_, index) => index),
  );
});

test('flushed resolves when the connection has accepted everything', async () => {
  const flushed = defer();
  const source$ = new Subject<{ key: string }>();
  await using peer = await serveKv({
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

test('C-12 messages of 8 MiB arrive in both directions', async () => {
  const value = Buffer.alloc(8 * 1024 * 1024, 7);
  await using peer = await serveKv({
    get: () => ({ value }),
    put: (request) => ({ revision: BigInt(request.value.length) }),
  });
  const got: { response: GetResponse } = await peer.unary('get', {});
  assert.ok(value.equals(got.response.value));
  assert.equal((await peer.unary('put', { value })).response.revision, BigInt(value.length));
});

test('the cancellation of a call is noticed while its source emits without waiting', async () => {
  let produced = 0;
  const endless = async function* () {
    for (; ; produced += 1) yield { revision: 1n };
  };
  for (const source of [endless, () => Readable.from(endless(), { highWaterMark: 1 })]) {
    await using peer = await serveKv({ watch: source }, { http2: { streamWindowBytes: 8 << 20 } });
    const channel = ENDPOINTS[serverEngine].createChannel({
      dialer: netDialer(peer.path),
      http2: { streamWindowBytes: 8 << 20, connectionWindowBytes: 8 << 20 },
    });
    produced = 0;
    await firstValueFrom(createGrpcClient(channel, KVDefinition).watch({}));
    const sent = await quiet(() => produced);
    assert.ok(sent < 6000, `${sent} messages were sent for one that was taken`);
    await channel.close();
  }
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
