import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Http2ClientSession, Http2Stream, Http2StreamHandler } from '../../../src/transports/http2/interfaces.js';
import { connectHttp2, serveHttp2 } from '../../../src/transports/http2/open-session.js';
import { REQUEST, RESPONSE, TRAILERS } from './server-bench.js';

const TOTAL = 1 << 30;
const MESSAGE = 64 * 1024;
/** Windows, queues and sockets hold some megabytes; the rest is what the garbage collector lets lie. */
const ALLOWED_BYTES = 160 << 20;

const ignore = () => {};
const SILENT = {
  onHeaders: ignore,
  onData: ignore,
  onTrailers: ignore,
  onEnd: ignore,
  onReset: ignore,
  onDrain: ignore,
};

async function sessionTo(t: TestContext, handler: Http2StreamHandler): Promise<Http2ClientSession> {
  const directory = mkdtempSync(join(tmpdir(), 's'));
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    serveHttp2(socket, handler, { onClose: ignore });
  }).listen(join(directory, 's'));
  await once(server, 'listening');
  const socket = connect(join(directory, 's'));
  await once(socket, 'connect');
  const session = connectHttp2(socket, { onClose: ignore });
  t.after(() => {
    session.destroy();
    for (const one of sockets) one.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  });
  return session;
}

/** Writes so much as fast as the stream takes it; returns what to do when it drains. */
function pour(stream: Http2Stream, finish: () => void): () => void {
  let left = TOTAL / MESSAGE;
  const fill = () => {
    for (; left > 0; left -= 1) if (!stream.write(new Uint8Array(MESSAGE))) return void (left -= 1);
    finish();
  };
  return fill;
}

/** Takes what has come, one megabyte at most, every other turn, and watches the memory while it does. */
class SlowReader {
  received = 0;
  peakBytes = 0;
  #waiting = 0;
  #scheduled = false;

  take(stream: Http2Stream, bytes: number): void {
    this.received += bytes;
    this.#waiting += bytes;
    assert.ok(this.#waiting <= 1 << 20, 'more than the window came');
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => setImmediate(() => this.#consume(stream)));
  }

  #consume(stream: Http2Stream): void {
    this.#scheduled = false;
    const bytes = this.#waiting;
    this.#waiting = 0;
    const { heapUsed, external } = process.memoryUsage();
    this.peakBytes = Math.max(this.peakBytes, heapUsed + external);
    stream.consume(bytes);
  }
}

function baseline(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function assertWithinWindows(reader: SlowReader, before: number): void {
  assert.equal(reader.received, TOTAL);
  assert.ok(reader.peakBytes - before < ALLOWED_BYTES, `${(reader.peakBytes - before) >> 20} MiB were held`);
}

test('a server that sends 1 GiB to a slow reader stays within the windows', async (t) => {
  const before = baseline();
  const session = await sessionTo(t, (stream) => {
    stream.sendHeaders(RESPONSE);
    const fill = pour(stream, () => stream.sendTrailers(TRAILERS));
    setImmediate(fill);
    return { ...SILENT, onDrain: fill };
  });
  const reader = new SlowReader();
  await new Promise<void>((resolve) => {
    const onData = (chunk: Uint8Array) => reader.take(stream, chunk.length);
    const stream = session.open(REQUEST, { ...SILENT, onData, onEnd: resolve }, true);
  });
  assertWithinWindows(reader, before);
});

test('a client that sends 1 GiB to a slow reader stays within the windows', async (t) => {
  const before = baseline();
  const reader = new SlowReader();
  const session = await sessionTo(t, (stream) => ({
    ...SILENT,
    onData: (chunk) => reader.take(stream, chunk.length),
    onEnd: () => {
      stream.sendHeaders(RESPONSE);
      stream.sendTrailers(TRAILERS);
    },
  }));
  await new Promise<void>((resolve) => {
    const stream = session.open(REQUEST, { ...SILENT, onDrain: () => fill(), onEnd: resolve });
    const fill = pour(stream, () => stream.end());
    fill();
  });
  assertWithinWindows(reader, before);
});

/** As many as would fill a window of 32 MiB twice. */
const UNREAD_STREAMS = 64;
const WINDOW = 1 << 20;

/** One call that is answered and read. */
function echo(session: Http2ClientSession): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0;
    const onData = (chunk: Uint8Array) => {
      received += chunk.length;
      stream.consume(chunk.length);
    };
    const onReset = (code: number) => reject(new Error(`reset ${code}`));
    const stream = session.open(REQUEST, { ...SILENT, onData, onReset, onEnd: () => resolve(received) });
    stream.write(new Uint8Array(MESSAGE), true);
  });
}

test('streams that nobody reads block no others, in either direction', { timeout: 300_000 }, async (t) => {
  let unread = 0;
  const session = await sessionTo(t, (stream, headers) => {
    stream.sendHeaders(RESPONSE);
    if (headers.includes('up')) return { ...SILENT, onData: (chunk) => void (unread += chunk.length) };
    if (headers.includes('down')) {
      stream.write(new Uint8Array(2 * WINDOW));
      return SILENT;
    }
    return {
      ...SILENT,
      onData: (chunk) => {
        stream.write(Buffer.from(chunk));
        stream.consume(chunk.length);
      },
      onEnd: () => stream.sendTrailers(TRAILERS),
    };
  });
  assert.equal(await echo(session), MESSAGE);
  for (let index = 0; index < UNREAD_STREAMS; index += 1) {
    session.open([...REQUEST, 'way', 'up'], SILENT).write(new Uint8Array(2 * WINDOW));
    session.open([...REQUEST, 'way', 'down'], { ...SILENT, onData: (chunk) => void (unread += chunk.length) }, true);
  }
  while (unread < 2 * UNREAD_STREAMS * WINDOW) assert.equal(await echo(session), MESSAGE);
  assert.equal(await echo(session), MESSAGE);
  assert.equal(unread, 2 * UNREAD_STREAMS * WINDOW);
});
