import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ProtocolError } from '../../../src/errors.js';
import { encodeSettings } from '../../../src/wire/http2/frame-encoder.js';
import { FrameFlag, FrameType, Http2ErrorCode } from '../../../src/wire/http2/frames.js';
import { dataFrame, frame, pingFrame, resetFrame, windowFrame } from './raw-peer.js';
import { REQUEST, type ServerBench, serveBench } from './server-bench.js';

const END = FrameFlag.endHeaders | FrameFlag.endStream;
const MANY = 30_000;

/** The session defends itself: GOAWAY ENHANCE_YOUR_CALM, an error of its own, and far less work done than was asked for. */
async function expectCalmDown(bench: ServerBench): Promise<void> {
  assert.equal((await bench.peer.nextOf('goAway'))[2], Http2ErrorCode.enhanceYourCalm);
  const error = await bench.closed;
  assert.ok(error instanceof ProtocolError && error.code === 'ERR_LIMIT_EXCEEDED', String(error));
}

function repeat(bytes: Uint8Array, times: number): Uint8Array {
  return Buffer.concat(Array.from({ length: times }, () => bytes));
}

test('rapid reset (CVE-2023-44487) leaves no stream open and does not end the session', async () => {
  const bench = serveBench();
  const { peer } = bench;
  for (let first = 0; first < MANY; first += 1000) {
    const ids = Array.from({ length: 1000 }, (_, index) => (first + index) * 2 + 1);
    peer.send(...ids.flatMap((id) => [Uint8Array.from(peer.headers(id, REQUEST)), resetFrame(id, 8)]));
    await peer.settle();
    assert.equal(bench.session.openStreams, 0);
  }
  assert.ok(bench.streams.every(({ log }) => log.at(-1) === 'reset 8'));
  peer.send(peer.headers(MANY * 2 + 1, REQUEST));
  await peer.settle();
  assert.equal(bench.session.openStreams, 1);
  bench.session.destroy();
  await bench.closed;
});

test('streams that make us reset them (CVE-2025-8671) end the session', async () => {
  const bench = serveBench();
  const { peer } = bench;
  const frames = Array.from({ length: MANY }, (_, index) => [
    Uint8Array.from(peer.headers(index * 2 + 1, REQUEST)),
    windowFrame(index * 2 + 1, 0),
  ]);
  peer.send(...frames.flat());
  await expectCalmDown(bench);
  assert.ok(bench.streams.length < MANY / 2);
});

test('an endless series of malformed requests ends the session, and no handler is called', async () => {
  const bench = serveBench();
  const { peer } = bench;
  peer.send(
    ...Array.from({ length: MANY }, (_, index) => Uint8Array.from(peer.headers(index * 2 + 1, ['a', 'b'], END))),
  );
  await expectCalmDown(bench);
  assert.equal(bench.streams.length, 0);
});

test('endless CONTINUATION frames end the session: full ones by their bytes, empty ones by their number', async () => {
  for (const payload of [new Uint8Array(16_384), new Uint8Array(0)]) {
    const bench = serveBench();
    bench.peer.send(frame(FrameType.headers, 0, 1), repeat(frame(FrameType.continuation, 0, 1, payload), 200));
    await expectCalmDown(bench);
    assert.equal(bench.streams.length, 0);
  }
});

const emptyFrames: Record<string, Uint8Array> = {
  SETTINGS: encodeSettings([]),
  PRIORITY: frame(FrameType.priority, 0, 9, Uint8Array.of(0, 0, 0, 1, 5)),
  'unknown frames': frame(0xee, 0, 1),
  'empty DATA': dataFrame(1, 0),
  'padding-only DATA': frame(FrameType.data, FrameFlag.padded, 1, Uint8Array.of(0)),
};
for (const [what, bytes] of Object.entries(emptyFrames)) {
  test(`endless ${what} end the session`, async () => {
    const bench = serveBench();
    bench.peer.send(bench.peer.headers(1, REQUEST), repeat(bytes, MANY));
    await expectCalmDown(bench);
  });
}

test('as many PING, WINDOW_UPDATE and small DATA frames and cancelled streams as a well-behaved peer sends are accepted', async () => {
  const bench = serveBench();
  const { peer } = bench;
  peer.send(peer.headers(1, REQUEST));
  const { stream } = await bench.accepted();
  stream.consume(1);
  peer.send(repeat(pingFrame(), 5000), repeat(windowFrame(0, 1), MANY), repeat(windowFrame(1, 1), MANY));
  peer.send(repeat(dataFrame(1, 1), MANY));
  await peer.settle();
  for (let id = 3; id < 2000; id += 2) peer.send(peer.headers(id, REQUEST), resetFrame(id, 8));
  await peer.settle();
  assert.equal(bench.session.openStreams, 1);
  bench.session.destroy();
  await bench.closed;
});

test('an HPACK bomb ends its stream and takes no memory', async () => {
  const bench = serveBench();
  const { peer } = bench;
  // A field of 4000 bytes, then a block that refers to it 16 000 times: 64 MB from 16 KiB.
  const seed = Uint8Array.from([0x40, 1, 0x61, 0x7f, 0xa1, 0x1e, ...new Uint8Array(4000).fill(0x62)]);
  peer.send(Uint8Array.from(peer.headers(1, REQUEST, END)), frame(FrameType.headers, END, 3, seed));
  await peer.nextOf('resetStream', 3);
  const before = process.memoryUsage().heapUsed;
  for (let id = 5; id < 105; id += 2) {
    peer.send(frame(FrameType.headers, END, id, new Uint8Array(16_000).fill(0xbe)));
    assert.deepEqual(await peer.nextOf('resetStream', id), ['resetStream', id, Http2ErrorCode.enhanceYourCalm]);
  }
  assert.ok(process.memoryUsage().heapUsed - before < 50 << 20);
  bench.session.destroy();
  await bench.closed;
});

/** Two ends of a unix socket: here, other than in memory, a peer that does not read is felt. */
async function socketPair(t: TestContext): Promise<[near: Socket, far: Socket]> {
  const directory = mkdtempSync(join(tmpdir(), 'f'));
  const server = createServer().listen(join(directory, 's'));
  await once(server, 'listening');
  const far = connect(join(directory, 's'));
  const [near] = (await once(server, 'connection')) as [Socket];
  server.close();
  t.after(() => {
    near.destroy();
    far.destroy();
    rmSync(directory, { recursive: true });
  });
  return [near, far];
}

for (const [what, bytes] of [
  ['PING', pingFrame()],
  ['SETTINGS', encodeSettings([])],
] as const) {
  test(`the session of a peer that sends ${what} and does not read the answers ends while few are queued`, async (t) => {
    const [near, far] = await socketPair(t);
    const bench = serveBench({}, [near, far]);
    far.pause();
    const flood = repeat(bytes, 8000);
    const pump = () => {
      while (far.writable && far.write(flood));
    };
    far.on('drain', pump);
    pump();
    const error = await bench.closed;
    assert.ok(error instanceof ProtocolError && error.code === 'ERR_LIMIT_EXCEEDED', String(error));
    assert.ok(near.writableLength < 1 << 20, `${near.writableLength} bytes were queued`);
  });
}

test('responses to a peer that reads nothing take no more memory than the queues of its streams', async (t) => {
  const [near, far] = await socketPair(t);
  const bench = serveBench({}, [near, far]);
  const { peer } = bench;
  peer.send(encodeSettings([4, 0x7fffffff]), windowFrame(0, 0x7fff0000));
  for (let id = 1; id < 40; id += 2) peer.send(peer.headers(id, REQUEST, END));
  await peer.settle();
  far.pause();
  let written = 0;
  for (const { stream } of bench.streams) {
    stream.sendHeaders([':status', '200']);
    while (stream.write(new Uint8Array(65_536))) written += 65_536;
  }
  // 20 streams of 64 KiB at least, their queues, and what the connection itself holds.
  assert.ok(written < 20 * (256 + 128) * 1024 + (1 << 20), `${written} bytes were taken`);
  bench.session.destroy();
  await bench.closed;
});
