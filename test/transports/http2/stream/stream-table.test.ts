import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SessionStream } from '../../../../src/transports/http2/stream/stream.js';
import { StreamTable } from '../../../../src/transports/http2/stream/stream-table.js';

// The table looks at nothing but the id.
const streamOf = (id: number) => ({ id }) as unknown as SessionStream;
const idsOf = (table: StreamTable) => table.all().map(({ id }) => id);

test('a long stream stays in the table while any number of others are added and removed', () => {
  const table = new StreamTable();
  table.add(streamOf(1));
  for (let id = 3; id < 40_000; id += 2) {
    const stream = streamOf(id);
    table.add(stream);
    assert.equal(table.get(id), stream);
    assert.equal(table.get(1)?.id, 1);
    table.remove(id);
    assert.equal(table.get(id), undefined);
  }
  assert.deepEqual(idsOf(table), [1]);
});

test('ten thousand streams are found, and listed from the oldest to the youngest', () => {
  const table = new StreamTable();
  const ids = Array.from({ length: 10_000 }, (_, index) => index * 2 + 1);
  for (const id of ids) table.add(streamOf(id));
  assert.equal(table.size, ids.length);
  assert.deepEqual(idsOf(table), ids);
  for (const id of ids) assert.equal(table.get(id)?.id, id);
});

test('is a map from ids to streams for any order of operations', () => {
  const steps = fc.array(fc.record({ kind: fc.constantFrom('add', 'remove'), pick: fc.nat() }), {
    maxLength: 600,
  });
  fc.assert(
    fc.property(steps, fc.constantFrom(1, 2), (list, first) => {
      const table = new StreamTable();
      const model = new Map<number, SessionStream>();
      let next = first;
      for (const { kind, pick } of list) {
        const known = [...model.keys()][pick % Math.max(1, model.size)] ?? 99_999;
        if (kind === 'add') {
          // Ids may be left out.
          next += 2 * (1 + (pick % 40));
          const stream = streamOf(next);
          model.set(next, stream);
          table.add(stream);
        } else {
          model.delete(known);
          table.remove(known);
          assert.equal(table.get(known), undefined);
        }
        assert.equal(table.size, model.size);
      }
      assert.deepEqual(table.all(), [...model.values()]);
    }),
  );
});
