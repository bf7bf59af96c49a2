import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockPool } from '../../../../src/transports/http2/flow/block-pool.js';

const KiB = 1024;

test('a block that was released is used again, one that is in use is not', () => {
  const pool = new BlockPool();
  const first = pool.take(40_000);
  const second = pool.take(40_000);
  assert.ok(first.length >= 40_000);
  assert.notEqual(first, second);
  pool.release(first);
  assert.equal(pool.take(50_000), first);
  assert.notEqual(pool.take(50_000), first);
});

test('a large block is not used for few bytes', () => {
  const pool = new BlockPool();
  const large = pool.take(1024 * KiB);
  pool.release(large);
  assert.notEqual(pool.take(1 * KiB), large);
  assert.equal(pool.take(900 * KiB), large);
});

test('the last piece of what was handed over gives the block, once', () => {
  const pool = new BlockPool();
  const block = pool.take(100_000);
  const bytes = pool.handOver(block, 90_000);
  assert.equal(bytes.length, 90_000);
  assert.equal(pool.blockEndingWith(bytes.subarray(0, 89_999)), undefined);
  assert.equal(pool.blockEndingWith(bytes.subarray(50_000)), block);
  assert.equal(pool.blockEndingWith(bytes), undefined);
  assert.equal(pool.blockEndingWith(pool.handOver(block, 10)), block);
});

test('memory that was not handed over is not taken for a block', () => {
  const pool = new BlockPool();
  assert.equal(pool.blockEndingWith(Buffer.alloc(10)), undefined);
  assert.equal(pool.blockEndingWith(pool.take(10)), undefined);
});

test('no more than 4 MiB is kept, and no block over 2 MiB', () => {
  const pool = new BlockPool();
  const given = new Set(Array.from({ length: 100 }, () => pool.take(64 * KiB)));
  for (const block of given) pool.release(block);
  const again = Array.from({ length: 100 }, () => pool.take(64 * KiB)).filter((block) => given.has(block));
  assert.equal(again.length, 64);
  const huge = pool.take(3 * 1024 * KiB);
  pool.release(huge);
  assert.notEqual(pool.take(3 * 1024 * KiB), huge);
});
