import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localStatus } from '../../src/protocols/grpc/shared/status.js';
import { type OpenCall, OpenCalls } from '../../src/supervision/calls/open-call.js';

const STATUS = localStatus(14, 'It is over.');

/** Calls that leave when they are interrupted, as those of a client do. */
function several(count: number): { calls: OpenCalls; each: OpenCall[]; interrupted: number[] } {
  const calls = new OpenCalls();
  const interrupted: number[] = [];
  const each = Array.from({ length: count }, (_, index): OpenCall => {
    const call: OpenCall = {
      position: 0,
      interrupt() {
        interrupted.push(index);
        calls.delete(call);
      },
    };
    calls.add(call);
    return call;
  });
  return { calls, each, interrupted };
}

test('calls leave in any order, and those that are left are interrupted once', () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 3],
    [3, 0],
  ]) {
    const { calls, each, interrupted } = several(5);
    for (const index of order) calls.delete(each[index] as OpenCall);
    assert.equal(calls.size, 5 - order.length);
    calls.interrupt(STATUS);
    assert.deepEqual(
      interrupted.toSorted((a, b) => a - b),
      [0, 1, 2, 3, 4].filter((index) => !order.includes(index)),
    );
    assert.equal(calls.size, 0);
  }
});

test('a call that ends because another does is not interrupted, and one that comes meanwhile stays', () => {
  const { calls, each, interrupted } = several(3);
  const [first, second] = each as [OpenCall, OpenCall];
  const late: OpenCall = { position: 0, interrupt: () => assert.fail('it came later') };
  first.interrupt = () => {
    interrupted.push(0);
    calls.delete(first);
    calls.delete(second);
    calls.add(late);
  };
  calls.interrupt(STATUS);
  assert.deepEqual(interrupted, [0, 2]);
  assert.equal(calls.size, 1);
});
