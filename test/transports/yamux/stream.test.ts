import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { ClosedError, TransportError } from '../../../src/errors.js';
import type { YamuxSession } from '../../../src/transports/yamux/session.js';
import type { YamuxStream } from '../../../src/transports/yamux/stream.js';
import { YamuxFlag, YamuxFrameType } from '../../../src/wire/yamux/header.js';
import { defer, within } from '../../support/defer.js';
import {
  event,
  type Frame,
  LONG_MS,
  nextStream,
  pattern,
  type RawPeer,
  rawPair,
  readAll,
  readExactly,
  sessionPair,
  streamPair,
} from './support.js';

const { data, windowUpdate, ping } = YamuxFrameType;
const { syn, ack, fin, rst } = YamuxFlag;
const WINDOW = 262_144;

/**
 * Everything that the session sends up to a point at which it has read all that the peer sent before, and has done what follows from
 * that: the answer to a ping goes out before the streams' readers get their bytes, so it takes two.
 */
async function settle(peer: RawPeer): Promise<Frame[]> {
  const others: Frame[] = [];
  for (const value of [1, 2]) {
    peer.send(ping, syn, 0, value);
    for (let frame = await peer.next(); frame.type !== ping; frame = await peer.next()) others.push(frame);
  }
  return others;
}

/** Data frames until they hold this many bytes. A large write takes the connection several turns. */
async function nextBytes(peer: RawPeer, bytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let got = 0; got < bytes; ) {
    const frame = await peer.next();
    if (frame.type === ping) continue;
    assert.equal(frame.type, data);
    pieces.push(frame.payload);
    got += frame.length;
  }
  return Buffer.concat(pieces);
}

/** A stream that the raw peer opened; its ACK is taken. */
async function accepted(pair: { peer: RawPeer; session: YamuxSession }, id = 1): Promise<YamuxStream> {
  pair.peer.send(windowUpdate, syn, id, 0);
  const stream = await nextStream(pair.session);
  assert.equal((await pair.peer.next()).flags, ack);
  return stream;
}

function reset(error: unknown): boolean {
  return error instanceof TransportError && error.code === 'ERR_CONNECTION_LOST' && /reset/.test(error.message);
}

for (const size of [0, 1, 11, 2048, 2049, 65_536, 65_537, WINDOW, WINDOW + 1, 5_000_000]) {
  test(`Y-23 carries ${size} bytes there and back`, async () => {
    await using pair = await sessionPair();
    const [opened, other] = await streamPair(pair.client, pair.server);
    other.pipe(other);
    const sent = pattern(size);
    opened.end(sent);
    assert.ok((await readAll(opened)).equals(sent));
  });
}

test('carries many small writes in order, mixed with large ones', async () => {
  await using pair = await sessionPair();
  const [opened, other] = await streamPair(pair.client, pair.server);
  const pieces = Array.from({ length: 3000 }, (_, n) => pattern(n % 97 === 0 ? 100_000 : n % 50, n + 1));
  const received = readAll(other);
  await pipeline(pieces, opened);
  assert.ok((await received).equals(Buffer.concat(pieces)));
});

test('Y-03 and Y-06 data is sent right behind the SYN, before the ACK has come', async () => {
  await using pair = await rawPair({ role: 'client' });
  const stream = await pair.session.open();
  stream.write('early');
  assert.equal((await pair.peer.next()).flags, syn);
  assert.equal((await pair.peer.next()).payload.toString(), 'early');
  pair.peer.send(data, 0, 1, 6, Buffer.from('answer'));
  assert.equal(String(await event(stream, 'data')), 'answer');
});

test('Y-10 a writer never exceeds the credit, stops at zero and goes on with any new credit', async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  const sent = pattern(WINDOW + 5000);
  stream.write(sent);
  const first = await nextBytes(pair.peer, WINDOW);
  assert.deepEqual(await settle(pair.peer), []);
  pair.peer.send(windowUpdate, 0, 1, 1);
  const second = await nextBytes(pair.peer, 1);
  assert.deepEqual(await settle(pair.peer), []);
  pair.peer.send(windowUpdate, 0, 1, 10_000);
  const third = await nextBytes(pair.peer, 4999);
  assert.deepEqual(await settle(pair.peer), []);
  assert.ok(Buffer.concat([first, second, third]).equals(sent));
});

test('Y-26 the credit of SYN and ACK frames counts', async () => {
  await using pair = await rawPair();
  pair.peer.send(windowUpdate, syn, 1, 1000);
  const incoming = await nextStream(pair.session);
  await settle(pair.peer);
  incoming.write(pattern(WINDOW * 2));
  assert.equal((await nextBytes(pair.peer, WINDOW + 1000)).length, WINDOW + 1000);
  const outgoing = await pair.session.open();
  pair.peer.send(windowUpdate, ack, outgoing.id, 500);
  assert.equal((await settle(pair.peer))[0]!.flags, syn);
  outgoing.write(pattern(WINDOW * 2));
  assert.equal((await nextBytes(pair.peer, WINDOW + 500)).length, WINDOW + 500);
  assert.deepEqual(await settle(pair.peer), []);
});

test('credit beyond 2^32 does not overflow', async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  for (let n = 0; n < 3; n++) pair.peer.send(windowUpdate, 0, 1, 0xffffffff);
  stream.write(pattern(WINDOW * 2));
  assert.equal((await nextBytes(pair.peer, WINDOW * 2)).length, WINDOW * 2);
});

test('writes are acknowledged up to one queue beyond the window, whether or not the peer reads, then wait', async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  let written = 0;
  const chunk = Buffer.alloc(65_536);
  const write = (): void => {
    stream.write(chunk, (error) => {
      if (error) return;
      written += chunk.length;
      write();
    });
  };
  write();
  await nextBytes(pair.peer, WINDOW);
  await settle(pair.peer);
  assert.equal(written, WINDOW + 262_144);
  pair.peer.send(windowUpdate, 0, 1, 65_536);
  await nextBytes(pair.peer, 65_536);
  await settle(pair.peer);
  assert.equal(written, WINDOW + 262_144 + 65_536);
});

test('a stream that nobody reads stops its writer, which goes on when it is read', async () => {
  await using pair = await sessionPair();
  const [opened, other] = await streamPair(pair.client, pair.server);
  let produced = 0;
  const source = function* (): Generator<Buffer> {
    for (; produced < 8 << 20; produced += 65_536) yield pattern(65_536, produced);
  };
  const writing = pipeline(source, opened);
  for (let n = 0; n < 4; n++) await pair.client.ping();
  assert.ok(produced <= WINDOW * 2 + 4 * 65_536, `produced ${produced}`);
  assert.equal((await readAll(other)).length, 8 << 20);
  await writing;
});

test('Y-12 credit is given back when half of the window was consumed, all of it, and not before', async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  pair.peer.send(data, 0, 1, 131_071, pattern(131_071));
  stream.on('data', () => {});
  assert.deepEqual(await settle(pair.peer), []);
  pair.peer.send(data, 0, 1, 1, Buffer.from('x'));
  const [update, ...more] = await settle(pair.peer);
  assert.deepEqual([update!.type, update!.flags, update!.streamId, update!.length], [windowUpdate, 0, 1, 131_072]);
  assert.deepEqual(more, []);
  pair.peer.send(data, 0, 1, 200_000, pattern(200_000));
  let returned = 0;
  for (const frame of await settle(pair.peer)) returned += frame.length;
  assert.ok(returned >= 131_072 && returned <= 200_000, String(returned));
});

test('Y-12 no credit is given back for data that nobody reads', async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  pair.peer.send(data, 0, 1, WINDOW, pattern(WINDOW));
  assert.deepEqual(await settle(pair.peer), []);
  stream.pause();
  assert.deepEqual(await settle(pair.peer), []);
  const got = readExactly(stream, WINDOW);
  assert.ok((await got).equals(pattern(WINDOW)));
  const updates = await settle(pair.peer);
  assert.equal(
    updates.reduce((sum, frame) => sum + frame.length, 0),
    WINDOW,
  );
});

test('Y-12 one read that is larger than the window is possible', async () => {
  await using pair = await sessionPair();
  const [opened, other] = await streamPair(pair.client, pair.server);
  const sent = pattern(3 * WINDOW);
  opened.write(sent);
  assert.ok((await readExactly(other, 3 * WINDOW)).equals(sent));
});

test('Y-13 a slow reader stops neither the other streams nor pings', async () => {
  await using pair = await sessionPair();
  const [stuck, unread] = await streamPair(pair.client, pair.server);
  stuck.write(Buffer.alloc(4 * WINDOW));
  const [opened, other] = await streamPair(pair.client, pair.server);
  other.pipe(other);
  const sent = pattern(4 * WINDOW);
  opened.end(sent);
  assert.ok((await readAll(opened)).equals(sent));
  await pair.client.ping();
  await pair.server.ping();
  assert.equal(unread.readableLength, 0, 'nothing was read ahead of a reader');
});

test('streams that share a full connection write in turns', async () => {
  await using pair = await rawPair();
  pair.peer.socket.pause();
  const streams = [await pair.session.open(), await pair.session.open(), await pair.session.open()];
  for (const stream of streams) stream.write(pattern(WINDOW));
  pair.peer.socket.resume();
  const order: number[] = [];
  for (let bytes = 0; bytes < 3 * WINDOW; ) {
    const frame = await pair.peer.next();
    if (frame.type !== data) continue;
    bytes += frame.length;
    order.push(frame.streamId);
  }
  const lastStart = Math.max(...streams.map((stream) => order.indexOf(stream.id)));
  const firstEnd = Math.min(...streams.map((stream) => order.lastIndexOf(stream.id)));
  assert.ok(lastStart < firstEnd, order.join(' '));
});

test('Y-14 end sends one FIN behind the data, and the other direction keeps working', async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  stream.write('last words');
  stream.end();
  stream.end();
  const sent = await settle(pair.peer);
  assert.deepEqual(
    sent.map((frame) => [frame.type, frame.flags, frame.payload.toString()]),
    [
      [data, 0, 'last words'],
      [windowUpdate, fin, ''],
    ],
  );
  pair.peer.send(data, 0, 1, 5, Buffer.from('still'));
  assert.equal(String(await event(stream, 'data')), 'still');
  assert.equal(pair.session.counts.streams, 1);
  pair.peer.send(windowUpdate, fin, 1, 0);
  await event(stream, 'close');
  assert.deepEqual(await settle(pair.peer), []);
  assert.equal(pair.session.counts.streams, 0);
});

test('Y-14 FIN waits for the credit of what was written before', async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  stream.end(pattern(WINDOW + 10));
  await nextBytes(pair.peer, WINDOW);
  assert.deepEqual(await settle(pair.peer), []);
  pair.peer.send(windowUpdate, 0, 1, 10);
  const [rest, end] = await settle(pair.peer);
  assert.deepEqual([rest!.length, end!.flags], [10, fin]);
});

test("Y-14 after the peer's FIN we may still write", async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  stream.resume();
  pair.peer.send(windowUpdate, fin, 1, 0);
  await event(stream, 'end');
  stream.write('late');
  stream.end();
  assert.deepEqual(
    (await settle(pair.peer)).map((frame) => [frame.flags, frame.payload.toString()]),
    [
      [0, 'late'],
      [fin, ''],
    ],
  );
});

test("a stream that is destroyed after the peer's FIN, with nothing left to write, closes its side with a FIN", async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  stream.resume();
  pair.peer.send(windowUpdate, fin, 1, 0);
  await event(stream, 'end');
  stream.destroy();
  assert.deepEqual(
    (await settle(pair.peer)).map((frame) => frame.flags),
    [fin],
  );
  assert.equal(pair.session.counts.streams, 0);
});

test('Y-15 the end follows all data, however the stream is read', async () => {
  await using pair = await rawPair();
  const sent = pattern(200_000);
  const flowing = await accepted(pair, 1);
  const paused = await accepted(pair, 3);
  for (const id of [1, 3]) {
    pair.peer.send(data, 0, id, 100_000, sent.subarray(0, 100_000));
    pair.peer.send(data, fin, id, 100_000, sent.subarray(100_000));
  }
  await settle(pair.peer);
  assert.equal(paused.readableEnded, false);
  assert.ok((await readAll(flowing)).equals(sent));
  const pieces: Buffer[] = [];
  for await (const piece of paused) pieces.push(piece as Buffer);
  assert.ok(Buffer.concat(pieces).equals(sent));
});

test('data behind a FIN is dropped, as when Write and Close race in Go', async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  pair.peer.send(data, fin, 1, 2, Buffer.from('ab'));
  pair.peer.send(data, 0, 1, 2, Buffer.from('cd'));
  assert.equal((await readAll(stream)).toString(), 'ab');
  await settle(pair.peer);
});

test('Y-16 RST of the peer ends both directions with an error, and unread bytes are lost', async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  stream.write(pattern(WINDOW * 4));
  pair.peer.send(data, 0, 1, 10, pattern(10));
  pair.peer.send(windowUpdate, rst, 1, 0);
  assert.ok(reset(await event(stream, 'error')));
  assert.equal(stream.destroyed, true);
  assert.deepEqual(pair.session.counts.streams, 0);
  const sent = await settle(pair.peer);
  assert.ok(sent.every((frame) => frame.flags === 0));
  const failed = defer<Error | null | undefined>();
  stream.write('x', (error) => failed.resolve(error));
  assert.ok((await failed.promise) instanceof Error);
});

test('Y-16 a reset needs no listener: it does not end the process', async () => {
  await using pair = await rawPair();
  await accepted(pair);
  pair.peer.send(windowUpdate, rst, 1, 0);
  pair.peer.send(data, syn | rst, 3, 1, Buffer.from('x'));
  await settle(pair.peer);
  assert.equal(pair.session.counts.streams, 0);
});

for (const [what, act, expected] of [
  ['destroy resets', (stream: YamuxStream) => stream.destroy(), [rst]],
  ['destroy with an error resets', (stream: YamuxStream) => stream.destroy(new Error('mine')), [rst]],
  [
    'destroy with unsent bytes resets',
    (stream: YamuxStream) => stream.end(pattern(WINDOW + 1)) && stream.destroy(),
    [rst],
  ],
] as const) {
  test(`Y-16 ${what}, and what still comes is drained`, async () => {
    await using pair = await rawPair();
    const stream = await accepted(pair);
    act(stream);
    await event(stream, 'close');
    pair.peer.send(data, 0, 1, 5, Buffer.from('later'));
    pair.peer.send(windowUpdate, fin, 1, 0);
    const flags = (await settle(pair.peer)).filter((frame) => frame.type !== data).map((frame) => frame.flags);
    assert.deepEqual(flags, expected);
    assert.equal(pair.session.counts.streams, 0);
  });
}

test('a stream that is destroyed after its end lets the peer finish', async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  stream.end('bye');
  await event(stream, 'finish');
  stream.destroy();
  await event(stream, 'close');
  pair.peer.send(data, 0, 1, 1000, pattern(1000));
  assert.deepEqual(
    (await settle(pair.peer)).map((frame) => [frame.type, frame.flags]),
    [
      [data, 0],
      [windowUpdate, fin],
    ],
  );
  assert.equal(pair.session.counts.streams, 1);
  pair.peer.send(windowUpdate, fin, 1, 0);
  assert.deepEqual(await settle(pair.peer), []);
  assert.equal(pair.session.counts.streams, 0);
});

test('a stream that is destroyed after its end resets a peer that fills the window', async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  stream.end();
  await event(stream, 'finish');
  stream.destroy();
  pair.peer.send(data, 0, 1, WINDOW, pattern(WINDOW));
  assert.deepEqual(
    (await settle(pair.peer)).map((frame) => frame.flags),
    [fin, rst],
  );
  assert.equal(pair.session.counts.streams, 0);
});

test('an idle half-closed stream is reset after the close timeout', async () => {
  await using pair = await rawPair({ closeTimeoutMs: 30 });
  const stream = await accepted(pair);
  stream.end();
  const error = await event(stream, 'error');
  assert.ok(error instanceof TransportError && /within 30 ms/.test(error.message), String(error));
  assert.deepEqual(
    (await settle(pair.peer)).map((frame) => frame.flags),
    [fin, rst],
  );
  assert.equal(pair.session.counts.streams, 0);
});

test('a half-closed and destroyed stream is reset after the close timeout, too', async () => {
  await using pair = await rawPair({ closeTimeoutMs: 30 });
  const stream = await accepted(pair);
  stream.end();
  await event(stream, 'finish');
  stream.destroy();
  assert.deepEqual([(await pair.peer.next()).flags, (await pair.peer.next()).flags], [fin, rst]);
  assert.equal(pair.session.counts.streams, 0);
});

test('a pending write fails when the stream is destroyed', async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  const outcome = defer<Error | null | undefined>();
  stream.write(pattern(WINDOW * 4), (error) => outcome.resolve(error));
  stream.destroy();
  assert.ok((await within(LONG_MS, 'the callback', outcome.promise)) instanceof ClosedError);
});

test('Y-21 data that came before the connection was lost can still be read; the error follows', async () => {
  await using pair = await rawPair();
  const sent = pattern(150_000);
  const slow = await accepted(pair, 1);
  const closedByPeer = await accepted(pair, 3);
  pair.peer.send(data, 0, 1, sent.length, sent);
  pair.peer.send(data, fin, 3, sent.length, sent);
  pair.peer.socket.end();
  await within(LONG_MS, 'the end', pair.session.closed);
  assert.equal(slow.destroyed, false);
  const failed = event(slow, 'error');
  const got: Buffer[] = [];
  const slowly = new PassThrough({ highWaterMark: 1000 });
  slowly.on('data', (chunk: Buffer) => got.push(chunk));
  slow.pipe(slowly);
  assert.ok(/closed the connection/.test(String(await failed)));
  assert.ok(Buffer.concat(got).equals(sent));
  assert.ok((await readAll(closedByPeer)).equals(sent));
});

test('Y-21 a waiting write fails at once when the connection is lost', async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  pair.peer.send(data, 0, 1, 10, pattern(10));
  await settle(pair.peer);
  const outcome = defer<Error | null | undefined>();
  stream.write(pattern(WINDOW * 4), (error) => outcome.resolve(error));
  pair.peer.socket.destroy();
  assert.ok((await within(LONG_MS, 'the callback', outcome.promise)) instanceof TransportError);
});

test('many small frames of one turn reach the reader in few chunks', async () => {
  await using pair = await rawPair();
  const stream = await accepted(pair);
  let pieces = 0;
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    pieces++;
    bytes += chunk.length;
  });
  pair.peer.socket.cork();
  for (let n = 0; n < 1000; n++) pair.peer.send(data, 0, 1, 10, pattern(10, n));
  pair.peer.socket.uncork();
  await settle(pair.peer);
  assert.equal(bytes, 10_000);
  assert.ok(pieces < 50, `${pieces} pieces`);
});

test('a reader that throws does not keep the other streams from their bytes', async () => {
  await using pair = await rawPair();
  const bad = await accepted(pair, 1);
  const good = await accepted(pair, 3);
  const thrown = defer<Error>();
  process.setUncaughtExceptionCaptureCallback((error) => thrown.resolve(error));
  bad.on('data', () => {
    throw new Error('a bug of the reader');
  });
  const got = event(good, 'data');
  pair.peer.socket.cork();
  pair.peer.send(data, 0, 1, 1, Buffer.from('a'));
  pair.peer.send(data, 0, 3, 1, Buffer.from('b'));
  pair.peer.socket.uncork();
  try {
    assert.match(String(await within(LONG_MS, 'the exception', thrown.promise)), /a bug of the reader/);
    assert.equal(String(await got), 'b');
  } finally {
    process.setUncaughtExceptionCaptureCallback(null);
  }
});
