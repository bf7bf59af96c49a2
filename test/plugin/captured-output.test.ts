import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CapturedOutput } from '../../src/plugin/captured-output.js';

const KiB = 1024;

/** Writes a copy and reads it, whole. */
function pass(output: CapturedOutput, bytes: Uint8Array): Buffer {
  output.writeCopy(bytes, () => {});
  return output.read(bytes.length) as Buffer;
}

test('the memory of a chunk that was recycled is used for a later one, and not before', () => {
  const output = new CapturedOutput();
  const first = pass(output, Buffer.alloc(40 * KiB, 1));
  const second = pass(output, Buffer.alloc(40 * KiB, 2));
  assert.notEqual(second.buffer, first.buffer);
  assert.ok(first.every((byte) => byte === 1));
  output.recycle(first);
  const third = pass(output, Buffer.alloc(50 * KiB, 3));
  assert.equal(third.buffer, first.buffer);
  assert.ok(second.every((byte) => byte === 2) && third.every((byte) => byte === 3));
});

test('a part of a chunk, a foreign chunk, and the same chunk twice are not recycled', () => {
  const output = new CapturedOutput();
  const chunk = pass(output, Buffer.alloc(40 * KiB));
  output.recycle(chunk.subarray(0, 30 * KiB));
  output.recycle(chunk.subarray(30 * KiB));
  output.recycle(Buffer.alloc(40 * KiB));
  assert.notEqual(pass(output, Buffer.alloc(40 * KiB)).buffer, chunk.buffer);
  output.recycle(chunk);
  output.recycle(chunk);
  assert.equal(pass(output, Buffer.alloc(40 * KiB)).buffer, chunk.buffer);
  assert.notEqual(pass(output, Buffer.alloc(40 * KiB)).buffer, chunk.buffer);
});

test('a large write is copied in pieces, and its callback is called once', async () => {
  const output = new CapturedOutput({ readableHighWaterMark: 1 << 20, writableHighWaterMark: 1 << 20 });
  const bytes = Buffer.from(Array.from({ length: 200 * KiB + 7 }, (_, index) => index % 251));
  const copy = Buffer.from(bytes);
  const written = new Promise<void>((resolve) => output.writeCopy(bytes, () => resolve()));
  bytes.fill(0);
  await written;
  const chunks: Buffer[] = [];
  for (let chunk = output.read(64 * KiB); chunk !== null; chunk = output.read(64 * KiB) ?? output.read())
    chunks.push(chunk as Buffer);
  assert.deepEqual(
    chunks.map(({ length }) => length),
    [64 * KiB, 64 * KiB, 64 * KiB, 8 * KiB + 7],
  );
  assert.ok(Buffer.concat(chunks).equals(copy));
  for (const chunk of chunks) output.recycle(chunk);
  assert.ok(chunks.some(({ buffer }) => buffer === pass(output, copy.subarray(0, 64 * KiB)).buffer));
});
