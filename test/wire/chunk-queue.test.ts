import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { ChunkQueue } from '../../src/wire/chunk-queue.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test('reads across chunk borders', () => {
  const queue = new ChunkQueue();
  queue.push(bytes(1, 2));
  queue.push(bytes(3));
  queue.push(bytes(4, 5, 6));
  assert.equal(queue.byteLength, 6);
  assert.deepEqual(queue.peek(4), bytes(1, 2, 3, 4));
  assert.deepEqual(queue.read(5), bytes(1, 2, 3, 4, 5));
  assert.equal(queue.read(2), undefined);
  assert.deepEqual(queue.read(1), bytes(6));
  assert.equal(queue.byteLength, 0);
});

test('gives undefined and keeps its bytes when fewer wait than wanted', () => {
  const queue = new ChunkQueue();
  assert.equal(queue.read(1), undefined);
  assert.equal(queue.readSome(1), undefined);
  assert.deepEqual(queue.read(0), bytes());
  queue.push(bytes(7));
  assert.equal(queue.peek(2), undefined);
  assert.equal(queue.read(2), undefined);
  assert.equal(queue.byteLength, 1);
});

test('does not copy what lies inside one chunk', () => {
  const queue = new ChunkQueue();
  const chunk = new Uint8Array(2000).fill(9);
  queue.push(chunk);
  assert.equal(queue.peek(2000), chunk);
  const part = queue.read(100);
  assert.equal(part?.buffer, chunk.buffer);
  assert.equal(queue.readSome(5000)?.buffer, chunk.buffer);
});

test('shows the chunk at the front and how much of it is gone', () => {
  const queue = new ChunkQueue();
  assert.equal(queue.head, undefined);
  const [first, second] = [Buffer.alloc(600, 1), Buffer.alloc(600, 2)];
  queue.push(first);
  queue.push(second);
  queue.skip(599);
  assert.deepEqual([queue.head, queue.headOffset], [first, 599]);
  queue.skip(2);
  assert.deepEqual([queue.head, queue.headOffset], [second, 1]);
  queue.skip(599);
  assert.equal(queue.head, undefined);
});

test('readSome stops at the end of the first chunk and at the maximum', () => {
  const queue = new ChunkQueue();
  queue.push(new Uint8Array(1000));
  queue.push(new Uint8Array(1000));
  assert.equal(queue.readSome(0), undefined);
  assert.equal(queue.readSome(600)?.length, 600);
  assert.equal(queue.readSome(600)?.length, 400);
  assert.equal(queue.readSome(600)?.length, 600);
});

test('skips no more than there is', () => {
  const queue = new ChunkQueue();
  queue.push(bytes(1, 2, 3));
  queue.push(bytes(4));
  assert.equal(queue.skip(2), 2);
  assert.equal(queue.at(0), 3);
  assert.equal(queue.at(1), 4);
  assert.equal(queue.at(2), undefined);
  assert.equal(queue.skip(9), 2);
  assert.equal(queue.byteLength, 0);
  queue.push(bytes(5));
  queue.clear();
  assert.equal(queue.read(1), undefined);
});

test('bytes that were handed out stay as they were when small chunks follow', () => {
  const queue = new ChunkQueue();
  for (const value of [1, 2, 3]) queue.push(bytes(value));
  const seen = queue.read(3);
  for (let value = 4; value < 200; value++) queue.push(bytes(value));
  assert.deepEqual(seen, bytes(1, 2, 3));
  assert.equal(queue.at(195), 199);
});

test('a million single bytes that wait cost little more than a megabyte', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const queue = new ChunkQueue();
  collect();
  const before = process.memoryUsage();
  for (let index = 0; index < 1_000_000; index++) queue.push(bytes(index & 255));
  collect();
  const after = process.memoryUsage();
  assert.equal(queue.at(999_999), 999_999 & 255);
  const costBytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  assert.ok(costBytes < 16 * 1024 * 1024, `${costBytes} bytes`);
});

test('property: behaves like one long array, whatever the chunks', () => {
  const operation = fc.oneof(
    fc.record({ kind: fc.constant('push' as const), chunk: fc.uint8Array({ maxLength: 40 }) }),
    fc.record({ kind: fc.constant('push' as const), chunk: fc.uint8Array({ minLength: 510, maxLength: 520 }) }),
    fc.record({ kind: fc.constantFrom('read' as const, 'peek' as const, 'skip' as const), length: fc.nat(600) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const queue = new ChunkQueue();
      let model: Uint8Array = bytes();
      for (const step of operations) {
        if (step.kind === 'push') {
          queue.push(step.chunk.slice());
          model = Uint8Array.from([...model, ...step.chunk]);
        } else if (step.kind === 'skip') {
          assert.equal(queue.skip(step.length), Math.min(step.length, model.length));
          model = model.slice(step.length);
        } else {
          const expected = step.length > model.length ? undefined : model.slice(0, step.length);
          assert.deepEqual(queue[step.kind](step.length), expected);
          if (step.kind === 'read' && expected !== undefined) model = model.slice(step.length);
        }
        assert.equal(queue.byteLength, model.length);
        assert.equal(queue.at(model.length - 1), model.at(-1));
      }
    }),
  );
});
