import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { onAbort } from '../../src/streams/on-abort.js';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

test('however many wait for one signal, it has one listener, and none once nobody waits', () => {
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

test('all are told in the order in which they came, once, but those who were taken back', () => {
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

test('a signal that was aborted before tells nobody', () => {
  const stop = onAbort(AbortSignal.abort(), () => assert.fail('told'));
  stop();
});
