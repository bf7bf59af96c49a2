import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settledWithin } from '../../src/streams/settled-within.js';

test('a promise that resolves or rejects in time was settled', async () => {
  assert.equal(await settledWithin(60_000, Promise.resolve(1)), true);
  assert.equal(await settledWithin(60_000, Promise.reject(new Error('no'))), true);
});

test('the wait for a promise that never settles is limited', async () => {
  assert.equal(await settledWithin(1, new Promise(() => {})), false);
});
