import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { PluginError, ProtocolError, TransportError } from '../../../src/errors.js';
import { duplexPair } from '../../../src/testing/duplex-pair.js';
import { createYamuxSession } from '../../../src/transports/yamux/session.js';
import { encodeYamuxHeader, YamuxFlag, YamuxFrameType } from '../../../src/wire/yamux/header.js';
import { within } from '../../support/defer.js';
import { LONG_MS, nextStream, pattern, type RawPeer, rawPair, readAll } from './support.js';

const { data, windowUpdate, ping } = YamuxFrameType;
const { syn, ack, rst } = YamuxFlag;
const WINDOW = 262_144;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes in use, on the heap and in buffers. */
function bytesInUse(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Asserts that no more than `limit` was added; buffers are freed in the background, some time after a collection. */
async function assertGrownAtMost(limit: number, before: number): Promise<void> {
  let grown = bytesInUse() - before;
  for (let round = 0; grown > limit && round < 100; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    grown = bytesInUse() - before;
  }
  assert.ok(grown <= limit, `grown by ${grown}`);
}

function header(type: number, flags: number, streamId: number, length: number): Uint8Array {
  return encodeYamuxHeader({ type, flags, streamId, length });
}

/** Sends and waits until the session has read it. */
async function send(peer: RawPeer, bytes: Uint8Array): Promise<void> {
  peer.socket.write(bytes);
  peer.send(ping, syn, 0, 0);
  while ((await peer.next()).type !== ping);
}

function flooded(error: unknown): boolean {
  return error instanceof ProtocolError && error.code === 'ERR_LIMIT_EXCEEDED' && error.wireCode === 1;
}

test('a window full of one-byte frames takes little more memory than the window', async () => {
  await using pair = await rawPair();
  pair.peer.send(windowUpdate, syn, 1, 0);
  const stream = await nextStream(pair.session);
  const frame = Buffer.concat([header(data, 0, 1, 1), Buffer.from('x')]);
  const thousand = Buffer.concat(Array.from({ length: 1000 }, () => frame));
  await send(pair.peer, thousand);
  const before = bytesInUse();
  for (let n = 1; n < 262; n++) await send(pair.peer, thousand);
  await assertGrownAtMost(2_000_000, before);
  assert.equal((await readExactlyBytes(stream, 262_000)).length, 262_000);
});

test('small frames in large chunks do not keep the chunks in memory', async () => {
  await using pair = await rawPair();
  pair.peer.send(windowUpdate, syn, 1, 0);
  const stream = await nextStream(pair.session);
  stream.pause();
  const filler = Buffer.concat([header(data, 0, 99, 60_000), Buffer.alloc(60_000)]);
  const chunk = Buffer.concat([header(data, 0, 1, 600), pattern(600), filler]);
  await send(pair.peer, chunk);
  const before = bytesInUse();
  for (let n = 0; n < 400; n++) await send(pair.peer, chunk);
  await assertGrownAtMost(2_000_000, before);
});

test('streams beyond the backlog are refused and leave nothing behind', async () => {
  await using pair = await rawPair();
  const before = bytesInUse();
  let refused = 0;
  for (let n = 0; n < 20_000; n++) pair.peer.send(windowUpdate, syn, 2 * n + 1, 0);
  pair.peer.send(ping, syn, 0, 0);
  for (let frame = await pair.peer.next(); frame.type !== ping; frame = await pair.peer.next()) {
    assert.equal(frame.flags, rst);
    refused++;
  }
  assert.equal(refused, 20_000 - 256);
  assert.equal(pair.session.counts.streams, 256);
  await assertGrownAtMost(6_000_000, before);
});

test('streams that are opened and reset at once leave nothing behind', async () => {
  await using pair = await rawPair();
  const streams: unknown[] = [];
  const seen = pair.session.stream$.subscribe((stream) => streams.push(stream.id));
  for (let n = 0; n < 5000; n++) {
    pair.peer.send(data, syn, 2 * n + 1, 1, Buffer.from('x'));
    pair.peer.send(windowUpdate, rst, 2 * n + 1, 0);
  }
  pair.peer.send(ping, syn, 0, 0);
  for (let frame = await pair.peer.next(); frame.type !== ping; frame = await pair.peer.next())
    assert.equal(frame.flags, ack);
  assert.equal(streams.length, 5000);
  assert.equal(pair.session.counts.streams, 0);
  seen.unsubscribe();
});

for (const [what, frame] of [
  ['pings', (_n: number) => header(ping, syn, 0, 7)],
  ['refused streams', (n: number) => header(windowUpdate, syn, 2 * n + 1, 0)],
] as const) {
  test(`a flood of ${what} from a peer that does not read ends the session, with bounded memory`, async () => {
    await using pair = await rawPair();
    pair.peer.socket.pause();
    const before = bytesInUse();
    let peak = 0;
    let n = 0;
    const flood = (): void => {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers);
      if (pair.peer.socket.destroyed) return;
      const some = Buffer.concat(Array.from({ length: 4000 }, () => frame(n++)));
      pair.peer.socket.write(some, () => flood());
    };
    flood();
    const cause = await within(LONG_MS, 'the end', pair.session.closed);
    assert.ok(flooded(cause), String(cause));
    assert.ok(peak - before < 20_000_000, `peak ${peak - before}`);
  });
}

test('a flood of pings from a peer that reads is answered', async () => {
  await using pair = await rawPair();
  for (let n = 0; n < 20_000; n++) pair.peer.send(ping, syn, 0, n);
  for (let n = 0; n < 20_000; n++) assert.equal((await pair.peer.next()).length, n);
});

test('a connection that accepts no bytes for the write timeout ends the session', async () => {
  await using pair = await rawPair({ writeTimeoutMs: 50 });
  pair.peer.socket.pause();
  const streams = await Promise.all(Array.from({ length: 20 }, () => pair.session.open()));
  const failures = streams.map(
    (stream) => new Promise((resolve) => stream.write(pattern(WINDOW * 2), (error) => resolve(error))),
  );
  const cause = await within(LONG_MS, 'the end', pair.session.closed);
  assert.ok(cause instanceof TransportError && /took no bytes for 50 ms/.test(cause.message), String(cause));
  assert.ok((await Promise.all(failures)).some((error) => error === cause));
});

/** Frames that are mostly plausible, so that a run gets somewhere. */
const anyFrames = fc.array(
  fc.record({
    type: fc.oneof({ weight: 20, arbitrary: fc.constantFrom(data, data, windowUpdate, ping) }, fc.nat(5)),
    flags: fc.oneof(fc.constantFrom(0, 0, 0, syn, ack, 4, rst), fc.nat(0xffff)),
    streamId: fc.oneof({ weight: 20, arbitrary: fc.constantFrom(1, 3, 5, 2) }, fc.nat(7)),
    length: fc.oneof({ weight: 5, arbitrary: fc.nat(300) }, fc.nat(300_000)),
    payloadBytes: fc.nat(400),
  }),
  { maxLength: 60 },
);

test('after any frames the session answers pings or ends with a typed error, and leaves nothing behind', async () => {
  await fc.assert(
    fc.asyncProperty(anyFrames, async (frames) => {
      const [left, right] = duplexPair();
      const session = createYamuxSession(right, { role: 'server', keepAlive: false });
      session.stream$.subscribe((stream) => stream.pipe(stream).on('error', () => {}));
      const own = await session.open();
      own.resume().write('x');
      left.on('error', () => {});
      left.resume();
      for (const { type, flags, streamId, length, payloadBytes } of frames) {
        const isData = type === data;
        left.write(header(type, flags, streamId, isData ? payloadBytes : length));
        if (isData) left.write(new Uint8Array(payloadBytes));
      }
      left.end();
      const cause = await within(LONG_MS, 'the end', session.closed);
      assert.ok(cause instanceof PluginError, String(cause));
      const { streams, backlog, unacknowledged, waitingOpens, pings } = session.counts;
      assert.deepEqual([streams, backlog, unacknowledged, waitingOpens, pings], [0, 0, 0, 0, 0]);
      assert.equal(own.destroyed, true);
      left.destroy();
    }),
    { numRuns: 300 },
  );
});

async function readExactlyBytes(stream: Parameters<typeof readAll>[0], bytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let got = 0;
  for await (const piece of stream) {
    pieces.push(piece as Buffer);
    got += (piece as Buffer).length;
    if (got >= bytes) break;
  }
  return Buffer.concat(pieces);
}
