import assert from 'node:assert/strict';
import { test as nodeTest } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { concat, EMPTY, firstValueFrom, NEVER, of, tap, throwError } from 'rxjs';
import { type Change, KVDefinition } from '../../examples/gen/kv.js';
import { GrpcError, status } from '../../src/grpc.js';
import {
  type CallContext,
  implement,
  netRpcPlugin,
  OptionsError,
  promiseClient,
  type ServiceOf,
} from '../../src/index.js';
import { gob, method } from '../../src/net-rpc.js';
import { createGrpcPair, createPluginPair, type GrpcPairOptions } from '../../src/testing/index.js';
import { defer, within } from '../support/defer.js';
import { currentEngine, FAILURE_OVERTAKES, test } from '../support/engines.js';
import { rejection } from '../support/rejection.js';

type Service = ServiceOf<typeof KVDefinition>;

const REFUSED: Service = {
  get: () => throwError(() => new GrpcError(status.NOT_FOUND, 'no such key')),
  put: () => NEVER,
  watch: () => EMPTY,
  import: () => NEVER,
  sync: () => EMPTY,
};

/** A client in the Promise form, connected to some handlers. */
async function pairOf(handlers: Partial<Service>, options: GrpcPairOptions = {}) {
  const pair = await createGrpcPair(
    KVDefinition,
    { ...REFUSED, ...handlers },
    { grpcEngine: currentEngine, ...options },
  );
  return { kv: promiseClient(pair.client), [Symbol.asyncDispose]: () => pair.dispose() };
}

const change = (index: number): Partial<Change> => ({ key: String(index) });

/** Changes without end, and how many were asked for; `ended` when the caller is gone. */
function endless(size = 0) {
  const ended = defer<unknown>();
  const state = { sent: 0, calls: 0, ended: within(5000, 'the end of the call', ended.promise) };
  const watch = async function* (_: unknown, call: CallContext) {
    state.calls++;
    call.signal.addEventListener('abort', () => ended.resolve(call.signal.reason));
    for (;;) yield { ...change(state.sent++), value: Buffer.alloc(size) };
  };
  return { state, watch };
}

test('one response is a Promise, and its failure a GrpcError with metadata', async () => {
  await using pair = await pairOf({ put: ({ key }) => ({ revision: BigInt(key.length) }) });
  assert.deepEqual(await pair.kv.put({ key: 'abc' }), { revision: 3n });
  const error = await rejection(pair.kv.get({ key: 'a' }));
  assert.deepEqual([error.status, error.detail, error.method], [status.NOT_FOUND, 'no such key', '/kv.v1.KV/Get']);
});

test('a call with one response is made at once, and once', async () => {
  const [called, calls] = [defer(), [] as string[]];
  await using pair = await pairOf({
    put: ({ key }) => {
      calls.push(key);
      called.resolve();
      return {};
    },
  });
  const put = pair.kv.put({ key: 'a' });
  await within(5000, 'the call', called.promise);
  await Promise.all([put, put, put.then(() => {})]);
  assert.deepEqual(calls, ['a']);
});

test('requests are pulled from iterables, and an iterator is returned when the call ends first', async () => {
  await using pair = await pairOf({
    import: async (_, call) => {
      let entries = 0;
      for await (const { key } of call.requests) {
        if (key === 'enough') break;
        entries++;
      }
      return { entries };
    },
  });
  assert.deepEqual(await pair.kv.import([{ key: 'a' }, { key: 'b' }]), { entries: 2, bytes: 0n });
  assert.deepEqual(await pair.kv.import([]), { entries: 0, bytes: 0n });
  const returned = defer();
  const requests = async function* () {
    try {
      yield { key: 'a' };
      for (;;) yield { key: 'enough' };
    } finally {
      returned.resolve();
    }
  };
  assert.deepEqual(await pair.kv.import(requests()), { entries: 1, bytes: 0n });
  await within(5000, 'the return of the iterator', returned.promise);
});

test('a source of requests that throws fails the call with its error', async () => {
  await using pair = await pairOf({});
  const broken = async function* () {
    yield { key: 'a' };
    throw new Error('the disk is gone');
  };
  const error = await rejection(pair.kv.import(broken()));
  assert.equal(error.status, status.CANCELLED);
  assert.match(error.detail, /the disk is gone/);
});

test('a loop gets every response, and an empty stream has none', async () => {
  await using pair = await pairOf({
    watch: ({ prefix }) => (prefix === '' ? EMPTY : of(...Array.from({ length: 100 }, (_, index) => change(index)))),
  });
  const keys: string[] = [];
  for await (const { key } of pair.kv.watch({ prefix: 'a' })) keys.push(key);
  assert.deepEqual(
    keys,
    Array.from({ length: 100 }, (_, index) => String(index)),
  );
  for await (const _ of pair.kv.watch({})) assert.fail('the stream is empty');
});

test('a bidirectional call answers while its requests are made', async () => {
  await using pair = await pairOf({
    sync: async function* (_, call) {
      for await (const { id } of call.requests) yield { id };
    },
  });
  const questions: number[] = [];
  const ask = async function* () {
    for (let id = 1; ; id++) {
      questions.push(id);
      yield { id };
    }
  };
  const answers: number[] = [];
  for await (const { id } of pair.kv.sync(ask())) if (answers.push(id) === 3) break;
  assert.deepEqual(answers, [1, 2, 3]);
  assert.ok(questions.length >= 3);
});

test('no call is made before a loop begins; each loop makes its own', async () => {
  await using pair = await pairOf({});
  const { state, watch } = endless();
  await using counted = await pairOf({ watch });
  const changes = counted.kv.watch({});
  const unread = changes[Symbol.asyncIterator]();
  assert.deepEqual(await unread.return?.(), { done: true, value: undefined });
  assert.deepEqual(await unread.next(), { done: true, value: undefined });
  await pair.kv.watch({})[Symbol.asyncIterator]().next();
  assert.equal(state.calls, 0);
  for await (const { key } of changes) if (key === '2') break;
  for await (const _ of changes) break;
  assert.equal(state.calls, 2);
});

const LEAVE: Readonly<Record<string, (loop: AsyncIterable<Change>) => Promise<unknown>>> = {
  break: async (loop) => {
    for await (const _ of loop) break;
  },
  return: async (loop) => {
    for await (const found of loop) return found;
    return undefined;
  },
  throw: (loop) =>
    assert.rejects(async () => {
      for await (const _ of loop) throw new Error('of the loop');
    }, /^Error: of the loop$/),
  'a delegating generator that is returned': async (loop) => {
    const outer = (async function* () {
      yield* loop;
    })();
    await outer.next();
    await outer.return(undefined);
  },
  'an error thrown into a delegating generator': async (loop) => {
    const outer = (async function* () {
      yield* loop;
    })();
    await outer.next();
    await assert.rejects(outer.throw(new Error('from outside')), /from outside/);
  },
};

for (const [way, leave] of Object.entries(LEAVE)) {
  test(`a loop that is left by ${way} cancels its call`, async () => {
    const { state, watch } = endless();
    await using pair = await pairOf({ watch });
    await leave(pair.kv.watch({}));
    assert.match(String(await state.ended), /CANCELLED/);
  });
}

test('a return does not wait for a response that never comes', async () => {
  const begun = defer();
  const ended = defer();
  await using pair = await pairOf({
    watch: (_, call) => {
      begun.resolve();
      call.signal.addEventListener('abort', () => ended.resolve());
      return NEVER;
    },
  });
  const iterator = pair.kv.watch({})[Symbol.asyncIterator]();
  const [first, second] = [iterator.next(), iterator.next()];
  await within(5000, 'the call', begun.promise);
  await within(5000, 'the return', Promise.resolve(iterator.return?.()));
  assert.deepEqual(await Promise.all([first, second]), Array(2).fill({ done: true, value: undefined }));
  await within(5000, 'the end of the call', ended.promise);
});

test('a slow reader holds the sender back', async () => {
  const { state, watch } = endless(16 * 1024);
  await using pair = await pairOf({ watch, put: () => ({}) }, { channel: { http2: { streamWindowBytes: 65_535 } } });
  const iterator = pair.kv.watch({})[Symbol.asyncIterator]();
  let read = 0;
  for (; read < 10; read++) assert.equal((await iterator.next()).value?.key, String(read));
  // Each call is a turn of both ends, in which the sender would go on.
  for (let calls = 0; calls < 300; calls++) await pair.kv.put({});
  const { sent } = state;
  assert.ok(sent - read < 200, `${sent - read} messages of 16 KiB lie between`);
  for (; read < 1000; read++) assert.equal((await iterator.next()).value?.key, String(read));
  await iterator.return?.();
  await state.ended;
});

test('concurrent reads are answered in order, and after the end with the end', async () => {
  await using pair = await pairOf({ watch: () => of(change(0), change(1)) });
  const iterator = pair.kv.watch({})[Symbol.asyncIterator]();
  const results = await Promise.all(Array.from({ length: 4 }, () => iterator.next()));
  assert.deepEqual(
    results.map(({ done, value }) => (done === true ? 'end' : value.key)),
    ['0', '1', 'end', 'end'],
  );
});

test('a signal aborts, with its reason as the cause', async () => {
  const { state, watch } = endless();
  await using pair = await pairOf({ watch });
  const aborted = new AbortController();
  const calls = [
    rejection(pair.kv.put({ key: 'a' }, { signal: aborted.signal })),
    rejection(
      (async () => {
        for await (const _ of pair.kv.watch({}, { signal: aborted.signal })) aborted.abort(new Error('enough'));
      })(),
    ),
  ];
  for (const { status: code, cause } of await Promise.all(calls)) {
    assert.deepEqual([code, (cause as Error).message], [status.CANCELLED, 'enough']);
  }
  await state.ended;
  const dead = rejection(pair.kv.put({}, { signal: AbortSignal.abort(new Error('before')) }));
  assert.equal((await dead).status, status.CANCELLED);
});

test('an abort cancels the call at once, whatever of it was not read', async () => {
  const { state, watch } = endless();
  await using pair = await pairOf({ watch, put: () => ({}) });
  const aborted = new AbortController();
  const iterator = pair.kv.watch({}, { signal: aborted.signal })[Symbol.asyncIterator]();
  await iterator.next();
  for (let calls = 0; calls < 20; calls++) await pair.kv.put({});
  aborted.abort();
  await state.ended;
  const rest = async () => {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next());
  };
  assert.equal((await rejection(rest())).status, status.CANCELLED);
});

test('a deadline passes for Promises and loops', async () => {
  await using pair = await pairOf({ watch: () => concat(of(change(0)), NEVER) });
  const late = await rejection(pair.kv.put({}, { timeoutMs: 50 }));
  assert.equal(late.status, status.DEADLINE_EXCEEDED);
  const seen: string[] = [];
  const loop = rejection(
    (async () => {
      for await (const { key } of pair.kv.watch({}, { timeoutMs: 200 })) seen.push(key);
    })(),
  );
  assert.equal((await loop).status, status.DEADLINE_EXCEEDED);
  assert.deepEqual(seen, ['0']);
});

const failsLate = async () => {
  const failure = () => new GrpcError(status.DATA_LOSS, 'in the middle');
  await using pair = await pairOf({
    watch: () => concat(of(...Array.from({ length: 12 }, (_, index) => change(index))), throwError(failure)),
    put: () => ({}),
  });
  const seen: string[] = [];
  const iterator = pair.kv.watch({})[Symbol.asyncIterator]();
  seen.push((await iterator.next()).value?.key ?? '');
  // Nobody waits for the failure while it comes: it must neither be lost nor be an unhandled rejection.
  for (let calls = 0; calls < 20; calls++) await pair.kv.put({});
  const reading = async () => {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) seen.push(next.value.key);
  };
  const error = await rejection(reading());
  assert.deepEqual([error.status, seen.length], [status.DATA_LOSS, 12]);
  assert.deepEqual(await iterator.next(), { done: true, value: undefined });
};
test('a late failure comes after every message before it, once', failsLate, FAILURE_OVERTAKES);

test('a failure that no read waits for harms nobody', async () => {
  await using pair = await pairOf({
    watch: () =>
      concat(
        of(change(0)),
        throwError(() => new Error('late')),
      ),
    put: () => ({}),
  });
  const unhandled: unknown[] = [];
  const listen = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', listen);
  const iterator = pair.kv.watch({})[Symbol.asyncIterator]();
  await iterator.next();
  for (let calls = 0; calls < 20; calls++) await pair.kv.put({});
  await turn();
  assert.deepEqual(await iterator.return?.(), { done: true, value: undefined });
  await turn();
  process.off('unhandledRejection', listen);
  assert.deepEqual(unhandled, []);
});

test('interceptors see calls with one response', async () => {
  const paths: string[] = [];
  const { kv, ...pair } = await pairOf(
    { put: () => ({}) },
    { client: { interceptors: [(call, next) => next(call).pipe(tap(() => paths.push(call.path)))] } },
  );
  await kv.put({});
  await pair[Symbol.asyncDispose]();
  assert.deepEqual(paths, ['/kv.v1.KV/Put']);
});

nodeTest('a net/rpc client has the same form', async () => {
  const greeter = netRpcPlugin({ greet: method(gob.string, gob.string) });
  const served = { greeter: implement(greeter, { greet: (name) => `Hello ${name}!` }) };
  await using pair = await createPluginPair({ greeter }, served);
  const promised = promiseClient(await pair.dispense('greeter'));
  assert.equal(await promised.greet('Ada'), 'Hello Ada!');
  await promised[Symbol.asyncDispose]();
});

nodeTest('what is no client is refused', () => {
  for (const wrong of [undefined, 'kv', Promise.resolve({}), () => {}]) {
    assert.throws(() => promiseClient(wrong as object), OptionsError);
  }
});

nodeTest('other members of a client stay as they are', async () => {
  const client = { name: 'kv', twice: (n: number) => 2 * n, later: () => of('a') };
  const promised = promiseClient(client);
  assert.deepEqual([promised.name, promised.twice(2), await promised.later()], ['kv', 4, 'a']);
  assert.equal(await firstValueFrom(client.later()), 'a');
});
