import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { Outbox } from '../../../../src/transports/http2/flow/outbox.js';
import { Sender } from '../../../../src/transports/http2/flow/sender.js';
import { FrameDecoder } from '../../../../src/wire/http2/frame-decoder.js';
import { encodeSettings } from '../../../../src/wire/http2/frame-encoder.js';
import { RecordingSink } from '../../../wire/http2/recording-sink.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A sender, and what its peer reads. */
function start(
  grant = 1 << 20,
  connection: Duplex = new PassThrough({ readableHighWaterMark: 1 << 20 }),
  peer = connection,
) {
  const outbox = new Outbox(connection, () => {});
  const sender = new Sender(outbox);
  sender.increaseWindow(grant);
  const sink = new RecordingSink();
  const decoder = new FrameDecoder(sink, sink, {
    expectPreface: false,
    maxFrameBytes: 1 << 20,
    maxHeaderBlockBytes: 1 << 16,
  });
  decoder.push(encodeSettings([]));
  peer.on('data', (chunk: Buffer) => decoder.push(chunk));
  /** The DATA frames so far: stream, what they carry, whether they end it. */
  const frames = async () => {
    await turn();
    const ends = (sink.events as unknown[][]).filter(([kind]) => kind === 'dataEnd');
    return ends.map(([, stream, , end, hex]) => [stream, String(Buffer.from(String(hex), 'hex')), end]);
  };
  const send = (streamId: number, text: string, endStream = false) =>
    sender.sendData(streamId, Buffer.from(text), endStream);
  return { sender, outbox, send, frames };
}

test('small messages of a stream share a frame until it is written', async () => {
  const { send, frames } = start();
  for (const text of ['a', 'bc', 'def']) send(1, text);
  assert.deepEqual(await frames(), [[1, 'abcdef', false]]);
  send(1, 'g');
  send(1, 'h');
  assert.deepEqual((await frames()).slice(1), [[1, 'gh', false]]);
});

test('the last chunk of a stream has a frame of its own, and nothing is added to it', async () => {
  const { send, frames } = start();
  send(1, 'a');
  send(1, 'b', true);
  send(3, 'c');
  send(3, 'd');
  assert.deepEqual(await frames(), [
    [1, 'a', false],
    [1, 'b', true],
    [3, 'cd', false],
  ]);
});

test('frames of other streams keep their place between those of a stream', async () => {
  const { send, frames, sender, outbox } = start();
  send(1, 'a');
  send(3, 'b');
  send(1, 'c');
  sender.sendHeaders(5, Buffer.from([0x82]), true);
  send(1, 'd');
  outbox.push(Buffer.from('0000080600000000000102030405060708', 'hex'));
  send(1, 'e');
  assert.deepEqual(
    (await frames()).map(([stream, text]) => [stream, text]),
    [
      [1, 'a'],
      [3, 'b'],
      [1, 'c'],
      [1, 'd'],
      [1, 'e'],
    ],
  );
});

test('nothing is added to a frame that has been written', async () => {
  const { send, frames, outbox } = start();
  send(1, 'a');
  outbox.flush();
  send(1, 'b');
  assert.deepEqual(await frames(), [
    [1, 'a', false],
    [1, 'b', false],
  ]);
});

test('nothing is added to a frame whose memory was used again', async (t) => {
  const [near, far] = await socketPair(t);
  const { send, frames, outbox } = start(1 << 20, near, far);
  const ping = Buffer.from('0000080600000000000102030405060708', 'hex');
  const sendPing = () => {
    const at = outbox.reserve(ping.length);
    outbox.buffer.set(ping, at);
  };
  const small = outbox.buffer;
  // The very first buffer is not used again; the PING that it has no room for is the first in the next one.
  while (outbox.buffer === small) sendPing();
  const first = outbox.buffer;
  // As long as two PINGs, with its header.
  send(1, 'x'.repeat(25));
  while (outbox.buffer === first) sendPing();
  outbox.flush();
  await new Promise((resolve) => near.write('', resolve));
  while (outbox.buffer !== first) {
    assert.ok(outbox.pendingBytes < 1 << 18, 'the first buffer comes again');
    sendPing();
  }
  sendPing();
  sendPing();
  send(1, 'y');
  outbox.flush();
  const all = once(far, 'end');
  near.end();
  await all;
  assert.deepEqual((await frames())[1], [1, 'y', false]);
});

test('a frame grows up to the limit of the peer, and every byte of a long stream arrives in order', async () => {
  const { send, frames, sender } = start();
  sender.maxPeerFrameBytes = 20_000;
  let sent = '';
  for (let number = 0; sent.length < 500_000; number += 1) {
    const text = `${number},`.repeat(1 + (number % 100));
    send(1, text);
    sent += text;
  }
  const received = await frames();
  assert.ok(received.every(([, text]) => String(text).length <= 20_000));
  assert.ok(received.length < 60, `${received.length} frames`);
  assert.equal(received.map(([, text]) => text).join(''), sent);
});

test('bytes that are added count against the window of the connection', () => {
  const { send, sender } = start(0);
  sender.maxPeerFrameBytes = 1 << 20;
  assert.equal(sender.room(1 << 20), 65_535);
  send(1, 'x'.repeat(100));
  send(1, 'y'.repeat(100));
  assert.equal(sender.room(1 << 20), 65_335);
});

async function socketPair(t: TestContext): Promise<[near: Socket, far: Socket]> {
  const directory = mkdtempSync(join(tmpdir(), 's'));
  const server = createServer().listen(join(directory, 's'));
  const near = connect(join(directory, 's'));
  const [far] = (await once(server, 'connection')) as [Socket];
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  });
  return [near, far];
}
