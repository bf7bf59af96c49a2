import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { status } from '@grpc/grpc-js';
import { NEVER, Observable } from 'rxjs';
import { GrpcError } from '../../../../src/protocols/grpc/shared/errors.js';
import type { CallContext } from '../../../../src/protocols/grpc/shared/service-definition.js';
import { MAX_TIMER_MS } from '../../../../src/wire/duration.js';
import { defer, within } from '../../../support/defer.js';
import { serverEngine, test } from '../../../support/grpc-servers.js';
import { type KV, serveKv } from '../../../support/kv-server.js';
import { framed, RawCall } from '../../../support/raw-call.js';

test('a cancelled call unsubscribes the handler and aborts its signal, in all four kinds', async (t) => {
  const kinds: [
    keyof KV,
    (peer: Awaited<ReturnType<typeof serveKv>>) => { cancel(): void; on(event: 'error', f: () => void): unknown },
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
      await using peer = await serveKv({ [kind]: handler });
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
  await using peer = await serveKv({
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

test('a deadline may be further away than the longest timer', async () => {
  for (const [timeout, timeoutMs] of [
    ['2147483S', 2_147_483_000],
    ['2147484S', 2_147_484_000],
    ['720H', 2_592_000_000],
    ['99999999H', 99_999_999 * 3_600_000],
  ] as const) {
    await using peer = await serveKv({
      get: async ({ key }, call) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        assert.equal(call.signal.aborted, false);
        // grpc-js's server is not told what its timers cannot hold.
        if (serverEngine === 'grpc-js' && timeoutMs > MAX_TIMER_MS) assert.equal(call.deadline, undefined);
        else assert.ok(Math.abs(call.deadline!.getTime() - Date.now() - timeoutMs) < 60_000, key);
        return {};
      },
    });
    using call = new RawCall(peer.path, '/kv.v1.KV/Get', { 'grpc-timeout': timeout });
    call.stream.end(framed(new Uint8Array()));
    assert.equal((await within(10_000, 'the answer', call.finish())).trailers['grpc-status'], '0', timeout);
  }
});

test('an answered call is never aborted', async () => {
  const calls: CallContext[] = [];
  await using peer = await serveKv({
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
  await using peer = await serveKv({
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
  await using peer = await serveKv({
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
