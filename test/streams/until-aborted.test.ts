import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilAborted } from '../../src/streams/until-aborted.js';

const never = new Promise<never>(() => {});

test('without an abort the outcome is that of the promise', async () => {
  const { signal } = new AbortController();
  assert.equal(await untilAborted(Promise.resolve(1), signal), 1);
  assert.equal(await untilAborted(Promise.resolve(1), undefined), 1);
  await assert.rejects(untilAborted(Promise.reject(new Error('no')), signal), /no/);
});

test('an abort rejects with its reason, also one that came before', async () => {
  const abort = new AbortController();
  const waiting = untilAborted(never, abort.signal);
  abort.abort(new Error('given up'));
  await assert.rejects(waiting, /given up/);
  await assert.rejects(untilAborted(never, abort.signal), /given up/);
});

test('an abort rejects with the error that the caller gives', async () => {
  const waiting = untilAborted(never, AbortSignal.abort('why'), ({ reason }) => new Error(`stopped: ${reason}`));
  await assert.rejects(waiting, /stopped: why/);
});
