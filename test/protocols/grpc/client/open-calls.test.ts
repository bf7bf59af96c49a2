import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OpenCalls } from '../../../../src/protocols/grpc/client/open-calls.js';

test('holds what was added and not deleted, each once, and says how many', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 30 })), (picks) => {
      const calls = Array.from({ length: 31 }, (_, name) => ({ name, place: -1 }));
      const open = new OpenCalls<(typeof calls)[number]>();
      const model = new Set<(typeof calls)[number]>();
      for (const pick of picks) {
        const call = calls[pick]!;
        if (model.has(call)) open.delete(call);
        else open.add(call);
        if (!model.delete(call)) model.add(call);
        assert.equal(open.size, model.size);
      }
      assert.deepEqual(new Set(open.all()), model);
    }),
  );
});

test('deleting what is not in it does nothing', () => {
  const open = new OpenCalls<{ place: number }>();
  const call = { place: -1 };
  open.delete(call);
  open.add(call);
  open.delete(call);
  open.delete(call);
  assert.equal(open.size, 0);
});
