import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BasicError, type BasicErrorValue, fromBasicError, gob, toBasicError } from '../../../src/net-rpc.js';
import { createGobDecoder, createGobEncoder } from '../../../src/wire/gob/index.js';

const Reply = gob.struct('Reply', { Err: gob.optional(BasicError), Own: gob.pointer(BasicError) });

function received(error: Error | undefined) {
  const encoder = createGobEncoder();
  encoder.append(Reply, { Err: toBasicError(error), Own: toBasicError(error) ?? null });
  const decoder = createGobDecoder();
  decoder.push(encoder.take());
  return decoder.next(Reply);
}

test('no error is nil, and nil is no error', () => {
  for (const none of [undefined, null]) {
    assert.equal(toBasicError(none), undefined);
    assert.equal(fromBasicError(none), undefined);
  }
  assert.deepEqual(received(undefined), { Own: null });
});

test('an error keeps its message', () => {
  const { Err, Own } = received(new Error('no room')) ?? {};
  assert.equal(fromBasicError(Err)?.message, 'no room');
  assert.equal(fromBasicError(Own)?.message, 'no room');
  const thrown: unknown = 'a text';
  const value: BasicErrorValue = toBasicError(thrown);
  assert.deepEqual(value, { Message: 'a text' });
});
