import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak } from './mixed-calls.js';

/** What a heap may grow by between the first fifth of the calls and the last; one kept call in a hundred would exceed it. */
const ALLOWED_HEAP_BYTES = 4 << 20;

/** At the end. With all room for young objects in use, of which Node 24 takes much, it is 300 MiB, however many calls there are. */
const ALLOWED_RESIDENT_BYTES = 450 << 20;

for (const [calls, options] of [
  [20_000, {}],
  [20_000, { autoMtls: true }],
  [20_000, { grpcEngine: 'grpc-js' }],
] as const) {
  test(`${calls} calls of every kind, well, failed, cancelled and late, leave nothing in either process: ${JSON.stringify(options)}`, async () => {
    const ends = await soak({ calls, ...options });
    for (const name of ['host', 'plugin'] as const) {
      const { before, after } = ends[name];
      const heap = after.heap - before.heap;
      assert.ok(heap < ALLOWED_HEAP_BYTES, `the heap of the ${name} has grown by ${heap} bytes`);
      assert.ok(after.rss < ALLOWED_RESIDENT_BYTES, `the ${name} takes ${after.rss} bytes`);
    }
  });
}
