import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { onAbort } from '../../src/streams/on-abort.js';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

test('a signal has one listener for any number of waits, and none after the last', () => {
  const { signal } = new AbortController();
  const unwatch = Array.from({ length: 100 }, () => onAbort(signal, () => {}));
  assert.equal(listeners(signal), 1);
  for (const stop of unwatch) stop();
  assert.equal(listeners(signal), 0);
  unwatch[0]!();
  const again = onAbort(signal, () => {});
  assert.equal(listeners(signal), 1);
  again();
  assert.equal(listeners(signal), 0);
});

test('callbacks are called once, in order, except those that were removed', () => {
  const controller = new AbortController();
  const told: string[] = [];
  const tell = () => void told.push('twice');
  onAbort(controller.signal, tell);
  onAbort(controller.signal, () => {
    told.push('second');
    unwatch();
  });
  const unwatch = onAbort(controller.signal, () => told.push('never'));
  onAbort(controller.signal, tell);
  controller.abort();
  assert.deepEqual(told, ['twice', 'second', 'twice']);
  assert.equal(listeners(controller.signal), 0);
});

test('no callback is called for a signal that was aborted before', () => {
  const stop = onAbort(AbortSignal.abort(), () => assert.fail('told'));
  stop();
});
