import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import { firstValueFrom, lastValueFrom, tap, toArray } from 'rxjs';
import type { MuxBroker, MuxBrokerOptions } from '../../../src/protocols/netrpc/mux-broker.js';
import { createNetRpcClient } from '../../../src/protocols/netrpc/rpc-client.js';
import { handler } from '../../../src/protocols/netrpc/rpc-service.js';
import { YamuxBroker } from '../../../src/protocols/netrpc/yamux-broker.js';
import { duplexPair } from '../../../src/testing/duplex-pair.js';
import { createYamuxSession, type YamuxSession } from '../../../src/transports/yamux/session.js';
import { gob } from '../../../src/wire/gob/index.js';
import { within } from '../../support/defer.js';
import { rig } from './store-rig.js';

async function rejection(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  return within(10_000, 'the rejection', promise).then(
    () => assert.fail('it succeeded'),
    (error: { code: string; message: string }) => error,
  );
}

async function text(stream: Duplex): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}

describe('brokered connections', () => {
  test('R-05 R-09 streams go both ways by id: a reader in, a writer out', async () => {
    const { brokered, close } = await rig();
    const { store, broker } = await brokered();
    const readerId = broker.nextId();
    const reader = firstValueFrom(broker.accept(readerId));
    const writerId = await firstValueFrom(store.upper(readerId));
    const writer = await broker.dial(writerId);
    (await reader).end('a stream as an argument');
    assert.equal(await text(writer), 'A STREAM AS AN ARGUMENT');
    await close();
  });

  test('R-09 R-18 the plugin calls a service of the host', async () => {
    const { brokered, close } = await rig();
    const { store, broker } = await brokered();
    for (let i = 0; i < 3; i += 1) {
      const id = broker.nextId();
      const ask = handler(gob.string, gob.string, (question) => `${question} I, ${i}`);
      const serving = broker.acceptAndServe(id, new Map([['Plugin', new Map([['Ask', ask]])]])).subscribe();
      assert.equal(await firstValueFrom(store.back(id)), `who? I, ${i}`);
      serving.unsubscribe();
    }
    await close();
  });

  test('connection requests are events', async () => {
    const { brokered, close } = await rig();
    const { store, broker } = await brokered();
    const requested = firstValueFrom(broker.requests$);
    const id = broker.nextId();
    const accepted = firstValueFrom(broker.accept(id));
    const failed = rejection(firstValueFrom(store.back(id)));
    assert.deepEqual(await requested, { kind: 'knock', id });
    (await accepted).destroy();
    await failed;
    await close();
  });
});

interface Pair {
  readonly broker: MuxBroker;
  readonly other: YamuxBroker;
  /** The other side's session, to do what its broker would not. */
  readonly session: YamuxSession;
  readonly close: () => Promise<void>;
}

function pair(options: MuxBrokerOptions = {}, isOtherDeaf = false): Pair {
  const [near, far] = duplexPair();
  const own = createYamuxSession(near, { role: 'client' });
  const session = createYamuxSession(far, { role: 'server' });
  const broker = new YamuxBroker({ session: own }, options);
  const other = new YamuxBroker({ session }, options);
  broker.start();
  if (!isOtherDeaf) other.start();
  return {
    broker,
    other,
    session,
    close: async () => {
      await Promise.all([own.close(), session.close()]);
    },
  };
}

/** The other side has closed its half. */
async function ended(stream: Duplex): Promise<void> {
  await within(5000, 'the end', new Promise<void>((resolve) => stream.once('end', resolve).resume()));
}

describe('MuxBroker', () => {
  test('acceptAndServe emits the id once it may be dialed, and completes when the peer has closed the stream', async () => {
    const { broker, other, close } = pair();
    const ask = handler(gob.string, gob.string, (question) => `${question} I`);
    const services = new Map([['Plugin', new Map([['Ask', ask]])]]);
    const emitted: number[] = [];
    const completed = lastValueFrom(broker.acceptAndServe(7, services).pipe(tap((id) => emitted.push(id))));
    assert.deepEqual(emitted, [7]);
    const client = createNetRpcClient(await other.dial(7));
    assert.equal(await firstValueFrom(client.call('Plugin.Ask', gob.string, 'who?', gob.string)), 'who? I');
    await client.close();
    assert.equal(await within(5000, 'the end of the serving', completed), 7);
    await close();
  });

  test('requests$ emits what the other side asks for, and completes with the session', async () => {
    const { broker, other, close } = pair();
    const seen = lastValueFrom(broker.requests$.pipe(toArray()));
    const requested = firstValueFrom(broker.requests$);
    const cancelled = new AbortController();
    const dialed = rejection(other.dial(1, { signal: cancelled.signal }));
    await requested;
    cancelled.abort();
    await dialed;
    await close();
    assert.deepEqual(await seen, [{ kind: 'knock', id: 1 }]);
  });

  test('ids begin at 1 and belong to each side', async () => {
    const { broker, other, close } = pair();
    assert.deepEqual([broker.nextId(), broker.nextId(), other.nextId()], [1, 2, 1]);
    await close();
  });

  test('R-05 ids and acknowledgements are four bytes, little endian; what follows is the stream', async () => {
    const { broker, session, close } = pair();
    const accepted = firstValueFrom(broker.accept(0x04030201));
    const raw = await session.open();
    for (const byte of [1, 2, 3, 4, 0x68]) raw.write(Uint8Array.of(byte));
    const stream = await accepted;
    const [ack] = (await new Promise((resolve) => raw.once('data', (chunk: Buffer) => resolve([chunk])))) as [Buffer];
    assert.deepEqual([...ack], [1, 2, 3, 4]);
    assert.equal(String(await new Promise((resolve) => stream.once('data', resolve))), 'h');
    await close();
  });

  test('either may come first; a stream waits for its acceptor', async () => {
    const { broker, other, close } = pair();
    const requested = firstValueFrom(broker.requests$);
    const dialed = other.dial(7);
    await requested;
    const stream = await firstValueFrom(broker.accept(7));
    (await dialed).end('hi');
    assert.equal(await text(stream), 'hi');
    await close();
  });

  test('R-06 accept fails without a dialer; a stream that is not accepted is closed, and its dial fails', async () => {
    const { broker, other, close } = pair({ timeoutMs: 30 });
    assert.equal((await rejection(firstValueFrom(broker.accept(1)))).code, 'ERR_BROKER_TIMEOUT');
    const refused = await rejection(other.dial(2));
    assert.equal(refused.code, 'ERR_BROKER');
    assert.match(refused.message, /without accepting it/);
    await close();
  });

  test('a second stream of an id is closed at once, and the first is served', async () => {
    const { broker, other, session, close } = pair();
    const first = other.dial(3);
    await firstValueFrom(broker.requests$);
    const second = await session.open();
    second.write(Uint8Array.of(3, 0, 0, 0));
    await ended(second);
    const stream = await firstValueFrom(broker.accept(3));
    (await first).end('first');
    assert.equal(await text(stream), 'first');
    await close();
  });

  test('a stream that sends nothing blocks no other, and is closed', async () => {
    const { broker, other, session, close } = pair({ timeoutMs: 100 });
    const silent = await session.open();
    silent.write(Uint8Array.of(1, 0));
    const accepted = firstValueFrom(broker.accept(5));
    await other.dial(5);
    await accepted;
    await ended(silent);
    await close();
  });

  test('a stream that ends within its id is closed', async () => {
    const { session, close } = pair();
    const short = await session.open();
    short.end(Uint8Array.of(1, 0));
    await ended(short);
    await close();
  });

  test('R-07 a wrong acknowledgement fails the dial and closes the stream', async () => {
    const { broker, session, close } = pair({}, true);
    const dialed = rejection(broker.dial(9));
    const raw = await firstValueFrom(session.stream$);
    raw.write(Uint8Array.of(8, 0, 0, 0));
    assert.match((await dialed).message, /acknowledged broker id 8, expected 9: bad ack/);
    await ended(raw);
    await close();
  });

  test('a dial without an answer ends after its timeout, and can be aborted', async () => {
    const { broker, close } = pair({ dialTimeoutMs: 30 }, true);
    assert.equal((await rejection(broker.dial(1))).code, 'ERR_BROKER_TIMEOUT');
    await close();
    const patient = pair({ dialTimeoutMs: 60_000 }, true);
    const controller = new AbortController();
    const dialed = rejection(patient.broker.dial(1, { signal: controller.signal }));
    controller.abort(new Error('given up'));
    assert.equal((await dialed).message, 'given up');
    await patient.close();
  });

  test('the end of the session fails pending accepts and dials, on both sides', async () => {
    const { broker, other, close } = pair({ dialTimeoutMs: 60_000 }, true);
    const waiting = [
      rejection(firstValueFrom(broker.accept(1))),
      rejection(broker.dial(2)),
      rejection(firstValueFrom(other.accept(1))),
    ];
    const requests = lastValueFrom(broker.requests$.pipe(toArray()));
    other.start();
    await close();
    assert.deepEqual(
      (await Promise.all(waiting)).map(({ code }) => code),
      ['ERR_CLOSED', 'ERR_CLOSED', 'ERR_CLOSED'],
    );
    assert.deepEqual(await requests, []);
  });

  test('after unsubscribing from accept the id can be accepted again', async () => {
    const { broker, other, close } = pair();
    broker.accept(4).subscribe().unsubscribe();
    const accepted = firstValueFrom(broker.accept(4));
    await other.dial(4);
    assert.ok(await accepted);
    await close();
  });

  test('unsubscribing from acceptAndServe ends the serving', async () => {
    const { broker, other, close } = pair();
    const ask = handler(gob.string, gob.string, (question) => question);
    const serving = broker.acceptAndServe(6, new Map([['Plugin', new Map([['Ask', ask]])]])).subscribe();
    const stream = await other.dial(6);
    serving.unsubscribe();
    await ended(stream);
    await close();
  });
});
