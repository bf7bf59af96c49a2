import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex, PassThrough } from 'node:stream';
import { test } from 'node:test';
import { blocks } from '../../../../src/transports/http2/flow/block-pool.js';
import { Outbox } from '../../../../src/transports/http2/flow/outbox.js';
import type { Http2StreamEvents } from '../../../../src/transports/http2/interfaces.js';
import { connectHttp2, serveHttp2 } from '../../../../src/transports/http2/open-session.js';
import { defer } from '../../../support/defer.js';
import { socketPair } from '../../../support/socket-pair.js';
import { REQUEST, RESPONSE, TRAILERS } from '../server-bench.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const ignore = () => {};

/** A connection that writes down how its bytes came, and holds them back on demand. */
class Recorder extends Duplex {
  readonly writes: string[] = [];
  held: (() => void)[] = [];
  holding = false;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writes.push(chunk.toString('latin1'));
    if (this.holding) this.held.push(done);
    else done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'latin1', done);
  }

  release(): void {
    this.holding = false;
    for (const done of this.held.splice(0)) done();
  }
}

function put(outbox: Outbox, text: string, completes: boolean): void {
  const at = outbox.reserve(text.length);
  outbox.buffer.write(text, at, 'latin1');
  outbox.commit(completes);
}

test('a frame that completes a call is written at once, other frames together at the end of the turn', async () => {
  const connection = new Recorder();
  const outbox = new Outbox(connection, ignore);
  put(outbox, 'a', false);
  put(outbox, 'b', true);
  assert.deepEqual(connection.writes, ['ab']);
  put(outbox, 'c', true);
  outbox.push(Buffer.from('-piece-'));
  put(outbox, 'd', true);
  assert.deepEqual(connection.writes, ['ab']);
  await turn();
  assert.deepEqual(connection.writes, ['ab', 'c-piece-d']);
  put(outbox, 'e', true);
  assert.deepEqual(connection.writes, ['ab', 'c-piece-d', 'e']);
  put(outbox, 'f', false);
  await turn();
  assert.deepEqual(connection.writes, ['ab', 'c-piece-d', 'e', 'f']);
});

test('a full batch does not wait for the end of the turn', () => {
  const connection = new Recorder();
  const outbox = new Outbox(connection, ignore);
  put(outbox, 'x'.repeat(65_535), false);
  assert.equal(connection.writes.length, 0);
  put(outbox, 'y', false);
  assert.equal(connection.writes.length, 1);
});

test('a blocked connection fills the outbox, and its drain empties it', async () => {
  const connection = new Recorder();
  let rooms = 0;
  const outbox = new Outbox(connection, () => {
    rooms += 1;
  });
  connection.holding = true;
  let puts = 0;
  for (; !outbox.full; puts += 1) {
    outbox.push(Buffer.alloc(10_000));
    outbox.commit(false);
    assert.ok(puts < 100);
  }
  assert.ok(outbox.blocked);
  put(outbox, 'last', true);
  assert.equal(rooms, 0);
  const drained = new Promise((resolve) => connection.once('drain', resolve));
  connection.release();
  await drained;
  await turn();
  assert.equal(rooms, 1);
  assert.equal(connection.writes.join('').length, puts * 10_000 + 4);
  assert.ok(connection.writes.at(-1)!.endsWith('last'));
});

test('nothing is written after close', async () => {
  const connection = new Recorder();
  const outbox = new Outbox(connection, ignore);
  put(outbox, 'a', false);
  outbox.close();
  put(outbox, 'b', true);
  await turn();
  assert.deepEqual(connection.writes, []);
});

/** Takes a block, filled with a letter, and hands all of it over. */
function handedOver(letter: string): { readonly block: Buffer; readonly bytes: Uint8Array } {
  const block = blocks.take(100_000);
  return { block, bytes: blocks.handOver(block.fill(letter), 100_000) };
}

/** Whether the block is free: the pool gives the one that was released last. */
function isFree(block: Buffer): boolean {
  const next = blocks.take(100_000);
  if (next !== block) return false;
  blocks.release(next);
  return true;
}

test('a block is released once a socket has written the last of it, and not before', async (t) => {
  const [near, far] = await socketPair();
  t.after(() => [near, far].map((socket) => socket.destroy()));
  const outbox = new Outbox(near, ignore);
  const { block, bytes } = handedOver('a');
  outbox.push(bytes.subarray(0, 60_000));
  outbox.commit(false);
  outbox.flush();
  far.resume();
  await once(far, 'data');
  await turn();
  assert.ok(!isFree(block));
  outbox.push(bytes.subarray(60_000));
  outbox.flush();
  assert.ok(!isFree(block));
  while (near.writableLength > 0) await turn();
  await turn();
  assert.ok(isFree(block));
});

test('no block is released when the socket failed, or the connection is no socket', async () => {
  const [near, far] = await socketPair();
  const broken = new Outbox(near, ignore);
  const failed = handedOver('b');
  far.pause();
  for (let fill = 0; fill < 20; fill += 1) broken.push(Buffer.alloc(100_000));
  broken.push(failed.bytes);
  broken.flush();
  near.destroy();
  await once(near, 'close');
  assert.ok(!isFree(failed.block));
  const other = new Outbox(new Recorder(), ignore);
  const kept = handedOver('c');
  other.push(kept.bytes);
  other.flush();
  await turn();
  assert.ok(!isFree(kept.block));
  far.destroy();
});

/** Two ends that deliver within the write, as some Duplexes do. */
function synchronousPair(): [Duplex, Duplex] {
  const [there, back] = [new PassThrough(), new PassThrough()];
  return [Duplex.from({ readable: there, writable: back }), Duplex.from({ readable: back, writable: there })];
}

test('a connection that delivers within a write works at both ends', async () => {
  const [near, far] = synchronousPair();
  serveHttp2(
    far,
    (stream) => {
      stream.sendHeaders(RESPONSE);
      return {
        onHeaders: ignore,
        onData: (chunk) => {
          stream.write(chunk);
          stream.consume(chunk.length);
        },
        onTrailers: ignore,
        onEnd: () => stream.sendTrailers(TRAILERS),
        onReset: ignore,
        onDrain: ignore,
      };
    },
    { onClose: ignore },
  );
  const session = connectHttp2(near, { onClose: ignore });
  const call = async (size: number) => {
    const over = defer<number>();
    let received = 0;
    const events: Http2StreamEvents = {
      onHeaders: ignore,
      onData: (chunk) => {
        received += chunk.length;
        stream.consume(chunk.length);
      },
      onTrailers: ignore,
      onEnd: () => over.resolve(received),
      onReset: (code) => over.reject(new Error(`reset ${code}`)),
      onDrain: ignore,
    };
    const stream = session.open(REQUEST, events);
    stream.write(new Uint8Array(size), true);
    return over.promise;
  };
  const sizes = Array.from({ length: 500 }, (_, index) => index * 30 + 1);
  assert.deepEqual(await Promise.all(sizes.map(call)), sizes);
  session.destroy();
});
