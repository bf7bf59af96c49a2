import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { Metadata, status } from '@grpc/grpc-js';
import { concat, map, of, reduce, throwError } from 'rxjs';
import type { Change, SyncResponse } from '../../../../examples/gen/kv.js';
import { GrpcError } from '../../../../src/protocols/grpc/shared/errors.js';
import { defer } from '../../../support/defer.js';
import { test } from '../../../support/grpc-servers.js';
import { collect, type KV, serveKv } from '../../../support/kv-server.js';

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
    await using peer = await serveKv({
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

test('a server stream that fails sends its messages first, then the status', async () => {
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
    await using peer = await serveKv({ watch: watch as KV['watch'] });
    const { values, error } = await collect<Change>(peer.serverStream('watch', {}));
    assert.deepEqual(
      values.map(({ key }) => key),
      ['a'],
    );
    codes.push(error?.code);
  }
  assert.deepEqual(codes, [status.OUT_OF_RANGE, status.OUT_OF_RANGE, status.INTERNAL, status.INTERNAL]);
});

test('a handler of a stream that returns no stream fails its call', async () => {
  await using peer = await serveKv({ watch: (() => ({ key: 'a' })) as unknown as KV['watch'] });
  const { error } = await collect(peer.serverStream('watch', {}));
  assert.equal(error?.code, status.INTERNAL);
  assert.match(error.details, /neither an Observable nor an AsyncIterable/);
});

test('a handler gets a client stream as an Observable, or as a Readable that it may stop reading early', async () => {
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
    await using peer = await serveKv({ import: handler });
    const done = defer<unknown>();
    const call = peer.clientStream('import', (error, value) => done.resolve(error ?? value));
    for (const key of ['a', 'b', 'c']) call.write({ key });
    call.end();
    assert.deepEqual(await done.promise, { entries: 3, bytes: 0n });
  }
});

test('a bidirectional stream sends and receives at the same time', async () => {
  const echo: KV['sync'] = (request$) => request$.pipe(map(({ id }) => ({ id })));
  const pulled: KV['sync'] = async function* (_request$, call) {
    for await (const { id } of call.requests) yield { id };
  };
  for (const sync of [echo, pulled]) {
    await using peer = await serveKv({ sync });
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

test('a handler may stop reading the requests of a bidirectional call and still send its responses', async () => {
  await using peer = await serveKv({
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
  await using peer = await serveKv({
    sync: (request$) => concat(request$.pipe(map(({ id }) => ({ id }))), request$.pipe(map(() => ({})))),
  });
  const call = peer.bidi('sync');
  call.end({ id: 1 });
  const { values, error } = await collect(call);
  assert.equal(values.length, 1);
  assert.match(error!.details, /can be subscribed to once/);
});
