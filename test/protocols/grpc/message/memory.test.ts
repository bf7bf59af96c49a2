import assert from 'node:assert/strict';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { test } from 'node:test';
import { allocateMessage } from '../../../../src/protocols/grpc/message/memory.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const MESSAGE_BYTES = 32 * 1024;

/** Allocates so much memory for messages, a megabyte in every turn, and drops it. */
async function allocate(bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= MESSAGE_BYTES) {
    allocateMessage(MESSAGE_BYTES)[0] = 1;
    if (left % (1 << 20) === 0) await turn();
  }
}

test('every message has memory of its own', () => {
  const all = [0, 1, 100, 5000, 300_000].map((bytes, number) => allocateMessage(bytes).fill(number));
  assert.deepEqual(
    all.map(({ length }) => length),
    [0, 1, 100, 5000, 300_000],
  );
  all.forEach((memory, number) => assert.ok(memory.every((byte) => byte === number)));
});

test('memory of dropped messages is collected with the young generation, before there are 32 MB of it', async () => {
  await allocate(256 << 20);
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // Node's types do not know the property.
      const detail = Reflect.get(entry, 'detail') as { readonly kind: number };
      if (detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) collections += 1;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  await allocate(512 << 20);
  for (let turns = 0; turns < 3; turns += 1) await turn();
  observer.disconnect();
  // Without garbage V8 waits for 32 MB or more of it, which makes 16.
  assert.ok(collections >= 30, `${collections} collections`);
});
