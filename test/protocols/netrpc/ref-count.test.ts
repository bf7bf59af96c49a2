import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RefCount } from '../../../src/protocols/netrpc/ref-count.js';

test('a connection keeps the event loop alive while it is referenced, and a short time longer', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const calls: string[] = [];
  const count = new RefCount({ ref: () => calls.push('ref'), unref: () => calls.push('unref') });
  assert.deepEqual(calls, [], 'it is referenced from the beginning');
  t.mock.timers.tick(1000);
  assert.deepEqual(calls.splice(0), ['unref']);
  count.ref();
  count.ref();
  assert.deepEqual(calls.splice(0), ['ref']);
  count.unref();
  t.mock.timers.tick(1000);
  assert.deepEqual(calls, [], 'one user is left');
  count.unref();
  for (let i = 0; i < 10; i += 1) {
    count.ref();
    count.unref();
  }
  assert.deepEqual(calls, [], 'nothing happens between calls');
  t.mock.timers.tick(1000);
  assert.deepEqual(calls.splice(0), ['unref']);
  count.ref();
  count.unref();
  count.ref();
  t.mock.timers.tick(1000);
  assert.deepEqual(calls.splice(0), ['ref'], 'used again before the delay was over');
  count.unref();
  count.close();
  t.mock.timers.tick(1000);
  assert.deepEqual(calls, [], 'a closed connection is left alone');
});
