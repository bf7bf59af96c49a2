import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, lastValueFrom, take, toArray } from 'rxjs';
import { OptionsError } from '../../../src/errors.js';
import type { YamuxSession } from '../../../src/transports/yamux/session.js';
import { YamuxFlag, YamuxFrameType } from '../../../src/wire/yamux/header.js';
import { within } from '../../support/defer.js';
import { LONG_MS, type RawPeer, rawPair, sessionPair } from './support.js';

const { data, windowUpdate, ping } = YamuxFrameType;
const { syn, ack, fin, rst } = YamuxFlag;

/** Waits until the session has read everything that the peer sent before; returns the other frames that came meanwhile. */
async function settle(peer: RawPeer): Promise<[flags: number, streamId: number][]> {
  peer.send(ping, syn, 0, 4711);
  const others: [number, number][] = [];
  for (;;) {
    const frame = await peer.next();
    if (frame.type === ping) return others;
    others.push([frame.flags, frame.streamId]);
  }
}

/** What a subscriber sees, as text. */
function record(session: YamuxSession): { readonly seen: string[]; unsubscribe(): void } {
  const seen: string[] = [];
  const subscription = session.stream$.subscribe({
    next: (stream) => seen.push(`stream ${stream.id}`),
    error: (error: Error) => seen.push(`error ${error.name}`),
    complete: () => seen.push('complete'),
  });
  return { seen, unsubscribe: () => subscription.unsubscribe() };
}

test('stream$ emits nothing while the peer opens no stream', async () => {
  await using pair = await rawPair();
  const { seen } = record(pair.session);
  await settle(pair.peer);
  assert.deepEqual(seen, []);
});

test('stream$ completes when the session ends, for later subscribers at once', async () => {
  await using pair = await rawPair();
  const { seen } = record(pair.session);
  pair.peer.socket.end();
  await pair.session.closed;
  assert.deepEqual(seen, ['complete']);
  assert.deepEqual(record(pair.session).seen, ['complete']);
});

test('stream$ completes without an error when the session fails: the cause is in `closed`', async () => {
  await using pair = await rawPair();
  const { seen } = record(pair.session);
  pair.peer.send(9, 0, 0, 0);
  assert.notEqual(await within(LONG_MS, 'the end', pair.session.closed), undefined);
  assert.deepEqual(seen, ['complete']);
});

test('stream$ emits the streams that waited, in order, then new ones', async () => {
  await using pair = await rawPair();
  for (const id of [1, 3, 5]) pair.peer.send(windowUpdate, syn, id, 0);
  assert.deepEqual(await settle(pair.peer), [], 'nothing is acknowledged while nobody accepts');
  assert.equal(pair.session.counts.backlog, 3);
  const { seen } = record(pair.session);
  assert.deepEqual(seen, ['stream 1', 'stream 3', 'stream 5']);
  pair.peer.send(windowUpdate, syn, 7, 0);
  assert.deepEqual(
    await settle(pair.peer),
    [1, 3, 5, 7].map((id) => [ack, id]),
  );
  assert.deepEqual(seen, ['stream 1', 'stream 3', 'stream 5', 'stream 7']);
  assert.equal(pair.session.counts.backlog, 0);
});

test('after an early unsubscribe the other streams wait for the next subscriber, unacknowledged', async () => {
  await using pair = await rawPair();
  for (const id of [1, 3, 5]) pair.peer.send(windowUpdate, syn, id, 0);
  await settle(pair.peer);
  assert.equal((await firstValueFrom(pair.session.stream$)).id, 1);
  assert.deepEqual(await settle(pair.peer), [[ack, 1]]);
  const two = await lastValueFrom(pair.session.stream$.pipe(take(2), toArray()));
  assert.deepEqual(
    two.map((stream) => stream.id),
    [3, 5],
  );
});

test('stream$ has one subscriber at a time', async () => {
  await using pair = await rawPair();
  const first = record(pair.session);
  assert.deepEqual(record(pair.session).seen, ['error OptionsError']);
  await assert.rejects(firstValueFrom(pair.session.stream$), OptionsError);
  first.unsubscribe();
  const third = record(pair.session);
  pair.peer.send(windowUpdate, syn, 1, 0);
  await settle(pair.peer);
  assert.deepEqual([first.seen, third.seen], [[], ['stream 1']]);
});

test('Y-04 accepts a SYN on a data frame, with its payload, and on a window update, with its credit', async () => {
  await using pair = await rawPair();
  const { seen } = record(pair.session);
  pair.peer.send(data, syn, 1, 2, Buffer.from('hi'));
  pair.peer.send(windowUpdate, syn, 3, 1000);
  pair.peer.send(data, syn, 5, 0);
  await settle(pair.peer);
  assert.deepEqual(seen, ['stream 1', 'stream 3', 'stream 5']);
});

test('Y-05 sends exactly one ACK per accepted stream, on acceptance', async () => {
  await using pair = await rawPair();
  pair.peer.send(windowUpdate, syn, 1, 0);
  pair.peer.send(data, 0, 1, 3, Buffer.from('abc'));
  assert.deepEqual(await settle(pair.peer), []);
  const stream = await firstValueFrom(pair.session.stream$);
  stream.resume();
  stream.write('answer');
  stream.end();
  const flags = (await settle(pair.peer)).map(([flag]) => flag);
  assert.deepEqual(flags, [ack, 0, fin]);
});

test('Y-07 the 257th unaccepted stream is reset, with its payload drained', async () => {
  await using pair = await rawPair();
  for (let n = 0; n < 256; n++) pair.peer.send(windowUpdate, syn, 2 * n + 1, 0);
  assert.deepEqual(await settle(pair.peer), []);
  pair.peer.send(data, syn, 513, 4, Buffer.from([0xff, 0xff, 0xff, 0xff]));
  assert.deepEqual(await settle(pair.peer), [[rst, 513]]);
  assert.equal(pair.session.counts.backlog, 256);
  await firstValueFrom(pair.session.stream$);
  pair.peer.send(windowUpdate, syn, 515, 0);
  assert.deepEqual(await settle(pair.peer), [[ack, 1]], 'one was accepted, so that there is room for one');
  assert.equal(pair.session.counts.backlog, 256);
});

test('Y-07 our side never opens more streams than the backlog of the peer', async () => {
  await using pair = await sessionPair();
  const opens = Array.from({ length: 600 }, () => pair.client.open());
  await pair.client.ping();
  assert.equal(pair.server.counts.backlog, 256);
  const streams = await lastValueFrom(pair.server.stream$.pipe(take(600), toArray()));
  assert.equal((await Promise.all(opens)).length, streams.length);
  assert.ok(streams.every((stream) => !stream.destroyed));
});

test('a stream that was reset before it was accepted is not emitted and no longer counts for the backlog', async () => {
  await using pair = await rawPair({ acceptBacklog: 1 });
  for (const id of [1, 3, 5]) {
    pair.peer.send(windowUpdate, syn, id, 0);
    pair.peer.send(windowUpdate, rst, id, 0);
  }
  pair.peer.send(windowUpdate, syn | rst, 7, 0);
  pair.peer.send(windowUpdate, syn, 9, 0);
  assert.deepEqual(await settle(pair.peer), []);
  assert.deepEqual(pair.session.counts, { streams: 1, backlog: 1, unacknowledged: 0, waitingOpens: 0, pings: 0 });
  assert.deepEqual(record(pair.session).seen, ['stream 9']);
});

test('Y-25 a stream whose opener has finished already is still emitted, with what it wrote', async () => {
  await using pair = await rawPair();
  pair.peer.send(data, syn | fin, 1, 5, Buffer.from('hello'));
  pair.peer.send(windowUpdate, syn | fin, 3, 0);
  await settle(pair.peer);
  const [first, second] = await lastValueFrom(pair.session.stream$.pipe(take(2), toArray()));
  assert.equal(String(await first!.toArray()), 'hello');
  assert.deepEqual(await second!.toArray(), []);
});

test('the number of open streams of the peer is limited', async () => {
  await using pair = await rawPair({ maxIncomingStreams: 2 });
  record(pair.session);
  for (const id of [1, 3, 5]) pair.peer.send(windowUpdate, syn, id, 0);
  assert.deepEqual(await settle(pair.peer), [
    [ack, 1],
    [ack, 3],
    [rst, 5],
  ]);
  pair.peer.send(windowUpdate, rst, 1, 0);
  pair.peer.send(windowUpdate, syn, 7, 0);
  assert.deepEqual(await settle(pair.peer), [[ack, 7]]);
});

test('a subscriber may close the session from within', async () => {
  await using pair = await rawPair();
  for (const id of [1, 3]) pair.peer.send(windowUpdate, syn, id, 0);
  await settle(pair.peer);
  const seen: number[] = [];
  pair.session.stream$.subscribe((stream) => {
    seen.push(stream.id);
    void pair.session.close();
  });
  pair.peer.socket.end();
  assert.equal(await within(LONG_MS, 'the end', pair.session.closed), undefined);
  assert.deepEqual(seen, [1]);
});
