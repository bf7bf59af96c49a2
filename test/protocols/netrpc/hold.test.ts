import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hold } from '../../../src/protocols/netrpc/hold.js';

test('a connection holds the event loop while something is taken, and a moment longer', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const happened: string[] = [];
  const hold = new Hold({ ref: () => happened.push('ref'), unref: () => happened.push('unref') });
  assert.deepEqual(happened, [], 'it holds from the beginning');
  t.mock.timers.tick(1000);
  assert.deepEqual(happened.splice(0), ['unref']);
  hold.take();
  hold.take();
  assert.deepEqual(happened.splice(0), ['ref']);
  hold.release();
  t.mock.timers.tick(1000);
  assert.deepEqual(happened, [], 'one is still taken');
  hold.release();
  for (let i = 0; i < 10; i += 1) {
    hold.take();
    hold.release();
  }
  assert.deepEqual(happened, [], 'nothing is let go between calls');
  t.mock.timers.tick(1000);
  assert.deepEqual(happened.splice(0), ['unref']);
  hold.take();
  hold.release();
  hold.take();
  t.mock.timers.tick(1000);
  assert.deepEqual(happened.splice(0), ['ref'], 'taken again in time');
  hold.release();
  hold.end();
  t.mock.timers.tick(1000);
  assert.deepEqual(happened, [], 'what is gone is left alone');
});
