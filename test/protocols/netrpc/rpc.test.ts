import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import { concat, EMPTY, firstValueFrom, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { RemoteError } from '../../../src/errors.js';
import {
  createNetRpcClient,
  type NetRpcClient,
  type NetRpcClientOptions,
} from '../../../src/protocols/netrpc/rpc-client.js';
import { type NetRpcServerOptions, type NetRpcServing, serveNetRpc } from '../../../src/protocols/netrpc/rpc-server.js';
import { handler, type NetRpcCall, type NetRpcHandler } from '../../../src/protocols/netrpc/rpc-service.js';
import { duplexPair } from '../../../src/testing/duplex-pair.js';
import { createGobDecoder, createGobEncoder, type GobSchema, gob } from '../../../src/wire/gob/index.js';
import { createNetRpcServerCodec } from '../../../src/wire/net-rpc.js';
import { defer, within } from '../../support/defer.js';
import { socketPair } from '../../support/socket-pair.js';

interface Rig {
  readonly client: NetRpcClient;
  readonly serving: NetRpcServing;
  /** The client's end of the connection. */
  readonly near: Duplex;
  readonly call: (method: string, value?: unknown, args?: GobSchema, reply?: GobSchema) => Promise<unknown>;
}

type Handle = Parameters<typeof handler<GobSchema<string>, GobSchema<string>>>[2];

/** A client and a server whose methods take and give strings. */
function rig(
  methods: Record<string, Handle>,
  options: { server?: NetRpcServerOptions; client?: NetRpcClientOptions } = {},
): Rig {
  const [near, far] = duplexPair();
  const handlers = Object.entries(methods).map(([name, handle]): [string, NetRpcHandler] => [
    name,
    handler(gob.string, gob.string, handle),
  ]);
  const serving = serveNetRpc(far, new Map([['S', new Map(handlers)]]), options.server);
  const client = createNetRpcClient(near, options.client);
  const call: Rig['call'] = (method, value = '', args = gob.string, reply = gob.string) =>
    firstValueFrom(client.call(method, args, value, reply));
  return { client, serving, near, call };
}

async function rejection(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  return within(5000, 'the rejection', promise).then(
    (value) => assert.fail(`resolved with ${String(value)}`),
    (error: { code: string; message: string }) => error,
  );
}

/** What a raw peer receives. */
async function received(connection: Duplex, values: number): Promise<unknown[]> {
  const decoder = createGobDecoder();
  const found: unknown[] = [];
  for await (const chunk of connection.iterator({ destroyOnReturn: false })) {
    decoder.push(chunk as Uint8Array);
    for (let value = decoder.next(); value !== undefined; value = decoder.next()) found.push(value);
    if (found.length >= values) break;
  }
  return found;
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a net/rpc client', () => {
  test('a call is cold: each subscription is a request of its own, numbered from 0', async () => {
    const [near, far] = duplexPair();
    const client = createNetRpcClient(near);
    const call = client.call('S.M', gob.string, 'x', gob.string);
    call.subscribe({ error: () => {} });
    call.subscribe({ error: () => {} });
    assert.deepEqual(plain(await received(far, 4)), [
      { ServiceMethod: 'S.M', Seq: 0 },
      'x',
      { ServiceMethod: 'S.M', Seq: 1 },
      'x',
    ]);
    await client.close();
  });

  test('R-12 replies are matched by number in any order; replies with unknown numbers are skipped', async () => {
    const [near, far] = duplexPair();
    const client = createNetRpcClient(near);
    const replies = Promise.all(
      ['a', 'b', 'c'].map((value) => firstValueFrom(client.call('S.M', gob.string, value, gob.string))),
    );
    await received(far, 6);
    const codec = createNetRpcServerCodec();
    const to = (Seq: number | bigint) => ({ ServiceMethod: 'S.M', Seq });
    codec.reply(to(7), gob.slice(gob.empty), [{}]);
    codec.reply(to(2), gob.string, 'C');
    codec.fail(to(2n ** 60n), 'for nobody');
    codec.reply(to(0), gob.string, 'A');
    codec.reply(to(0), gob.int, 5);
    codec.reply(to(1), gob.string, 'B');
    far.write(codec.take());
    assert.deepEqual(await replies, ['A', 'B', 'C']);
    assert.equal(client.pendingCalls, 0);
    await client.close();
  });

  test('R-13 the body of an error reply is ignored', async () => {
    const [near, far] = duplexPair();
    const client = createNetRpcClient(near);
    const calls = ['a', 'b', 'c'].map((value) => firstValueFrom(client.call('S.M', gob.string, value, gob.string)));
    await received(far, 6);
    const Header = gob.struct('Response', { ServiceMethod: gob.string, Seq: gob.uint, Error: gob.string });
    const encoder = createGobEncoder();
    const fail = (Seq: number) => encoder.append(Header, { ServiceMethod: 'S.M', Seq, Error: 'no' });
    fail(0);
    encoder.append(gob.map(gob.string, gob.any), { a: [1] });
    fail(1);
    far.write(encoder.take());
    // A string that is longer than its message.
    far.write(Uint8Array.of(4, 12, 0, 9, 97));
    encoder.append(Header, { ServiceMethod: 'S.M', Seq: 2, Error: '' });
    encoder.append(gob.string, 'fine');
    far.write(encoder.take());
    for (const call of calls.slice(0, 2)) assert.equal((await rejection(call)).message, 'no');
    assert.equal(await calls[2], 'fine');
    await client.close();
  });

  test('unsubscribing discards the reply, and no other', async () => {
    const release = defer<string>();
    const { client, call } = rig({ Slow: () => release.promise, Fast: (text) => text });
    const seen: unknown[] = [];
    const abandoned = client.call('S.Slow', gob.string, '', gob.string).subscribe((value) => seen.push(value));
    const kept = call('S.Slow');
    assert.equal(client.pendingCalls, 2);
    abandoned.unsubscribe();
    assert.equal(client.pendingCalls, 1);
    release.resolve('late');
    assert.equal(await kept, 'late');
    assert.equal(await call('S.Fast', 'x'), 'x');
    assert.deepEqual(seen, []);
    await client.close();
  });

  test('R-17 the end of the connection fails every pending call once, and every later one', async () => {
    const { client, serving, call } = rig({ Never: () => NEVER });
    let failures = 0;
    client.call('S.Never', gob.string, '', gob.string).subscribe({ error: () => (failures += 1) });
    const pending = rejection(call('S.Never'));
    await turn();
    await serving.close();
    assert.equal((await pending).code, 'ERR_CONNECTION_LOST');
    assert.equal((await rejection(call('S.Never'))).code, 'ERR_CONNECTION_LOST');
    assert.equal((await client.closed)?.code, 'ERR_CONNECTION_LOST');
    assert.equal(failures, 1);
    assert.equal(client.isOver, true);
  });

  test('close fails pending calls with ERR_CLOSED, sends what was asked before, and is idempotent', async () => {
    const seen: string[] = [];
    const { client, serving, call } = rig({
      Note: (text) => {
        seen.push(text);
        return text;
      },
    });
    const pending = [call('S.Note', 'a'), call('S.Note', 'b')].map(rejection);
    await Promise.all([client.close(), client.close()]);
    for (const { code, message } of await Promise.all(pending)) {
      assert.equal(code, 'ERR_CLOSED');
      assert.match(message, /^connection is shut down/);
    }
    assert.equal(await client.closed, undefined);
    await serving.ended;
    assert.deepEqual(seen, ['a', 'b']);
  });

  test('a malformed header ends the connection', async () => {
    const [near, far] = duplexPair();
    const client = createNetRpcClient(near);
    const pending = firstValueFrom(client.call('S.M', gob.string, '', gob.string));
    far.write(createGobEncoder().encode(gob.string, 'hello'));
    assert.equal((await rejection(pending)).code, 'ERR_NET_RPC_PROTOCOL');
    assert.equal((await client.closed)?.code, 'ERR_NET_RPC_PROTOCOL');
  });

  test('the error for a stream that ends within a message says so', async () => {
    const [near, far] = duplexPair();
    const client = createNetRpcClient(near);
    far.end(Uint8Array.of(9, 1));
    const cause = await client.closed;
    assert.equal(cause?.code, 'ERR_CONNECTION_LOST');
    assert.equal((cause.cause as { code: string }).code, 'ERR_GOB');
  });

  test('an argument that does not fit its schema fails its call, and nothing is sent', async () => {
    const { client, call } = rig({ Echo: (text) => text });
    assert.equal((await rejection(call('S.Echo', 5))).code, 'ERR_OPTIONS');
    assert.equal(client.pendingCalls, 0);
    assert.equal(await call('S.Echo', 'x'), 'x');
    await client.close();
  });

  test('calls beyond the limits fail at once', async () => {
    const { client, call } = rig({ Never: () => NEVER }, { client: { maxPendingCalls: 2 } });
    const pending = [call('S.Never'), call('S.Never')].map(rejection);
    assert.equal((await rejection(call('S.Never'))).code, 'ERR_TOO_MANY_CALLS');
    await client.close();
    await Promise.all(pending);
  });

  test('requests to a server that does not read wait, up to the limit', async () => {
    const [near, far] = await socketPair();
    const client = createNetRpcClient(near, { maxQueuedBytes: 1_000_000 });
    const bytes = new Uint8Array(300_000);
    const codes: string[] = [];
    const failed = defer();
    for (let i = 0; i < 200 && codes.length === 0; i += 1) {
      client.call('S.M', gob.bytes, bytes, gob.string).subscribe({
        error: (error: { code: string }) => {
          codes.push(error.code);
          failed.resolve();
        },
      });
      await turn();
    }
    await within(5000, 'the refusal', failed.promise);
    assert.deepEqual(codes, ['ERR_TOO_MANY_CALLS']);
    far.destroy();
    await client.close();
  });

  test('a subscriber may close the client while it receives a reply', async () => {
    const { client, call } = rig({ Echo: (text) => text });
    const first = new Promise<void>((resolve) => {
      client.call('S.Echo', gob.string, 'a', gob.string).subscribe(() => {
        void client.close();
        resolve();
      });
    });
    const second = rejection(call('S.Echo', 'b'));
    await first;
    assert.equal((await second).code, 'ERR_CLOSED');
  });

  test('the first request of a turn is written at once, the rest of the turn in one write', async () => {
    const [near, far] = duplexPair();
    const sizes: number[] = [];
    const write = near.write.bind(near) as (chunk: Uint8Array, done: () => void) => boolean;
    near.write = ((chunk: Uint8Array, done: () => void) => {
      sizes.push(chunk.length);
      return write(chunk, done);
    }) as typeof near.write;
    const client = createNetRpcClient(near);
    const calls = Array.from({ length: 10 }, () => client.call('S.M', gob.string, 'x', gob.string));
    for (const call of calls) call.subscribe({ error: () => {} });
    assert.equal(sizes.length, 1);
    await turn();
    assert.equal(sizes.length, 2);
    assert.equal((await received(far, 20)).length, 20);
    await client.close();
  });
});

describe('a net/rpc server', () => {
  test('a handler answers with a value, a Promise or the first value of an Observable, which is unsubscribed', async () => {
    let unsubscribed = 0;
    const { client, call } = rig({
      Value: () => 'value',
      Promise: async () => 'promise',
      Observable: () =>
        new Observable<string>((subscriber) => {
          subscriber.next('first');
          subscriber.next('second');
          return () => (unsubscribed += 1);
        }),
      Later: () => concat(EMPTY, of('later')),
    });
    assert.deepEqual(await Promise.all(['S.Value', 'S.Promise', 'S.Observable', 'S.Later'].map((name) => call(name))), [
      'value',
      'promise',
      'first',
      'later',
    ]);
    assert.equal(unsubscribed, 1);
    await client.close();
  });

  test('R-13 whatever a handler fails with becomes an error reply with its text', async () => {
    const { client, call } = rig({
      Throws: () => {
        throw new Error('thrown');
      },
      Rejects: () => Promise.reject(new RemoteError('rejected')),
      Errors: () => throwError(() => new Error('errored')),
      Empty: () => EMPTY,
      Nameless: () => {
        throw new Error('');
      },
      Odd: () => throwError(() => 'a string'),
      WrongReply: () => 5 as unknown as string,
    });
    const outcomes = ['Throws', 'Rejects', 'Errors', 'Empty', 'Nameless', 'Odd', 'WrongReply'].map(async (name) => {
      const { code, message } = await rejection(call(`S.${name}`));
      assert.equal(code, 'ERR_REMOTE');
      return message;
    });
    assert.deepEqual(await Promise.all(outcomes), [
      'thrown',
      'rejected',
      'errored',
      'S.Empty completed without a reply',
      'unnamed error',
      'a string',
      'rpc: gob error encoding body: gob: string: expected a string, got 5',
    ]);
    await client.close();
  });

  test("R-14 R-15 unknown names and arguments of the wrong type are refused with Go's texts, and the stream goes on", async () => {
    const { client, call } = rig({ Echo: (text) => text });
    const deep = gob.struct('Deep', { A: gob.slice(gob.interface()) });
    const value = { A: [{ type: 'int', value: 1 }] };
    for (const [name, text] of [
      ['S.Nope', "rpc: can't find method S.Nope"],
      ['T.Echo', "rpc: can't find service T.Echo"],
      ['Echo', 'rpc: service/method request ill-formed: Echo'],
      ['', 'rpc: service/method request ill-formed: '],
      ['a.b.Echo', "rpc: can't find service a.b.Echo"],
      ['S.', "rpc: can't find method S."],
      ['S.toString', "rpc: can't find method S.toString"],
      ['S.__proto__', "rpc: can't find method S.__proto__"],
      ['S.Echo', 'gob: string: expected string, got struct Deep'],
    ] as const) {
      assert.equal((await rejection(call(name, value, deep))).message, text);
      assert.equal(await call('S.Echo', 'still'), 'still');
    }
    await client.close();
  });

  test('requests are handled concurrently, up to the limit, and none is lost', async () => {
    const release = new Subject<string>();
    let most = 0;
    const running = new Set<string>();
    const { client, serving, call } = rig(
      {
        Wait: (text) =>
          new Observable<string>((subscriber) => {
            running.add(text);
            most = Math.max(most, running.size);
            const waiting = release.subscribe(() => {
              running.delete(text);
              subscriber.next(text);
            });
            return waiting;
          }),
      },
      { server: { maxConcurrentRequests: 3 } },
    );
    const replies = Array.from({ length: 10 }, (_, i) => call('S.Wait', `${i}`));
    let done = false;
    void Promise.all(replies).then(() => (done = true));
    while (!done) {
      await turn();
      assert.ok(serving.runningRequests <= 3);
      if (running.size === 3 || running.size === 1) release.next('');
    }
    assert.equal(most, 3);
    assert.deepEqual(
      await Promise.all(replies),
      Array.from({ length: 10 }, (_, i) => `${i}`),
    );
    await client.close();
  });

  test('requests of a client that does not read its replies are not read', async () => {
    const [near, far] = await socketPair();
    let handled = 0;
    const reply = 'x'.repeat(100_000);
    const handle = handler(gob.string, gob.string, () => {
      handled += 1;
      return reply;
    });
    const serving = serveNetRpc(far, new Map([['S', new Map([['M', handle]])]]));
    const encoder = createGobEncoder();
    const Header = gob.struct('Request', { ServiceMethod: gob.string, Seq: gob.uint });
    for (let i = 0; i < 2000; i += 1) encoder.appendPair(Header, { ServiceMethod: 'S.M', Seq: i }, gob.string, '');
    near.write(encoder.take());
    // Far less than the 200 MB of all replies: what a socket buffers.
    for (let i = 0; i < 200; i += 1) await turn();
    assert.ok(handled > 0 && handled < 200, `${handled} handled`);
    const replies = await received(near, 4000);
    assert.equal(replies.length, 4000);
    assert.equal(handled, 2000);
    await serving.close();
  });

  test('at the end of the stream running handlers finish and are answered', async () => {
    const [near, far] = duplexPair();
    const release = defer<string>();
    const handle = handler(gob.string, gob.string, () => release.promise);
    const serving = serveNetRpc(far, new Map([['S', new Map([['M', handle]])]]));
    const encoder = createGobEncoder();
    const Header = gob.struct('Request', { ServiceMethod: gob.string, Seq: gob.uint });
    encoder.appendPair(Header, { ServiceMethod: 'S.M', Seq: 3 }, gob.string, '');
    near.end(encoder.take());
    await turn();
    release.resolve('done');
    assert.deepEqual(plain(await received(near, 2)), [{ ServiceMethod: 'S.M', Seq: 3, Error: '' }, 'done']);
    await within(5000, 'the end', serving.ended);
  });

  test('when the connection breaks, signals are aborted and Observables unsubscribed', async () => {
    const aborted = defer();
    const unsubscribed = defer();
    const begun = defer();
    const { near, serving, call } = rig({
      Promise: (_, { signal }: NetRpcCall) => {
        signal.addEventListener('abort', () => aborted.resolve(), { once: true });
        return new Promise<string>(() => {});
      },
      Observable: () =>
        new Observable<string>(() => {
          begun.resolve();
          return () => unsubscribed.resolve();
        }),
    });
    const pending = [call('S.Promise'), call('S.Observable')].map(rejection);
    await begun.promise;
    near.destroy();
    await within(5000, 'the abort', Promise.all([aborted.promise, unsubscribed.promise]));
    await within(5000, 'the end', serving.ended);
    await Promise.all(pending);
  });

  test('after a malformed header nothing is read, and running handlers finish', async () => {
    const [near, far] = duplexPair();
    const release = defer<string>();
    const handle = handler(gob.string, gob.string, () => release.promise);
    const serving = serveNetRpc(far, new Map([['S', new Map([['M', handle]])]]));
    const encoder = createGobEncoder();
    const Header = gob.struct('Request', { ServiceMethod: gob.string, Seq: gob.uint });
    encoder.appendPair(Header, { ServiceMethod: 'S.M', Seq: 1 }, gob.string, '');
    encoder.append(gob.int, 5);
    near.write(encoder.take());
    await turn();
    await turn();
    release.resolve('done');
    assert.deepEqual(plain(await received(near, 2)), [{ ServiceMethod: 'S.M', Seq: 1, Error: '' }, 'done']);
    near.end();
    await within(5000, 'the end', serving.ended);
  });

  test('afterReply is called when the reply has been written, and when it cannot be any more', async () => {
    const order: string[] = [];
    const release = defer<string>();
    const lost = defer();
    const { client, near, call } = rig({
      Later: (_, callContext) => {
        callContext.afterReply(() => order.push('written'));
        return 'x';
      },
      Lost: (_, callContext) => {
        callContext.afterReply(() => lost.resolve());
        return release.promise;
      },
    });
    await call('S.Later');
    assert.deepEqual(order, ['written']);
    const pending = rejection(call('S.Lost'));
    await turn();
    await turn();
    near.destroy();
    await pending;
    release.resolve('nobody reads this');
    await within(5000, 'the callback', lost.promise);
    await client.close();
  });

  test('afterReply is called for an Observable that the end of the connection unsubscribes', async () => {
    const lost = defer();
    const { client, near, call } = rig({
      Never: (_, callContext) => {
        callContext.afterReply(() => lost.resolve());
        return NEVER;
      },
    });
    const pending = rejection(call('S.Never'));
    await turn();
    await turn();
    near.destroy();
    await pending;
    await within(5000, 'the callback', lost.promise);
    await client.close();
  });

  test('undefined stands for the zero reply', async () => {
    const [near, far] = duplexPair();
    const Reply = gob.struct('Reply', { N: gob.optional(gob.int) });
    const handle = handler(gob.empty, Reply, () => undefined);
    serveNetRpc(far, new Map([['S', new Map([['M', handle]])]]));
    const client = createNetRpcClient(near);
    assert.deepEqual(await firstValueFrom(client.call('S.M', gob.empty, {}, Reply)), {});
    await client.close();
  });

  test('a connection that was paused before is read by both ends', async () => {
    const [near, far] = duplexPair();
    for (const end of [near, far]) end.pause();
    serveNetRpc(far, new Map([['S', new Map([['M', handler(gob.string, gob.string, (text) => text)]])]]));
    const client = createNetRpcClient(near);
    assert.equal(await firstValueFrom(client.call('S.M', gob.string, 'x', gob.string)), 'x');
    await client.close();
  });

  test('R-18 every connection has types of its own', async () => {
    for (let i = 0; i < 2; i += 1) {
      const { client, call } = rig({ Echo: (text) => text });
      assert.equal(await call('S.Echo', 'x'), 'x');
      await client.close();
    }
  });
});
