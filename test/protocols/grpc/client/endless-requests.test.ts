import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEVER, throwError } from 'rxjs';
import { KVDefinition } from '../../../../examples/gen/kv.js';
import { createGrpcPair } from '../../../../src/testing/index.js';

const ENTRY = { key: 'a', value: Buffer.alloc(1024) };
const unused = () => throwError(() => new Error('not called'));
/** Leaves its requests unread. */
const service = { get: unused, put: unused, watch: unused, sync: unused, import: () => NEVER };

const sources = {
  generator: function* (onNext: () => void) {
    for (;;) {
      onNext();
      yield ENTRY;
    }
  },
  'async generator': async function* (onNext: () => void) {
    for (;;) {
      onNext();
      yield ENTRY;
    }
  },
};

for (const transport of ['memory', 'unix'] as const) {
  for (const [kind, endless] of Object.entries(sources)) {
    test(`an endless ${kind} of requests lets the event loop run after 64 KiB, over ${transport}`, async () => {
      await using pair = await createGrpcPair(KVDefinition, service, { transport });
      let taken = 0;
      const call = pair.client.import(endless(() => (taken += 1))).subscribe({ error: () => {} });
      await new Promise((resolve) => setImmediate(resolve));
      call.unsubscribe();
      // In the turn of the call, and in that of `setImmediate`. The window of the stream is a mebibyte.
      assert.ok(taken > 0 && taken <= 2 * 64, `${taken} KiB were taken`);
    });
  }
}
