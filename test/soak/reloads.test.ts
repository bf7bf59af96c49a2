import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reloads } from './reloads.js';

/** What the heap of the host may grow by, most of it compiled code; a client with its buffers that is kept each time takes more. */
const ALLOWED_HEAP_BYTES = 4 << 20;

test('30 reloads under calls leave no descriptor, no resource and no memory', async () => {
  const { before, after, calls } = await reloads(30);
  assert.ok(calls > 0);
  assert.ok(
    after.descriptors <= before.descriptors,
    `${before.descriptors} descriptors before, ${after.descriptors} after`,
  );
  assert.ok(after.resources <= before.resources + 1, `${before.resources} resources before, ${after.resources} after`);
  const heap = after.memory.heap - before.memory.heap;
  assert.ok(heap < ALLOWED_HEAP_BYTES, `the heap has grown by ${heap} bytes`);
});
