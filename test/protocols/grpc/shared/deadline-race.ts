import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GrpcCallEvents, GrpcCallOptions } from '../../../../src/protocols/grpc/client/call.js';
import type { CallHost } from '../../../../src/protocols/grpc/client/channel-engine.js';
import type { CallStatus } from '../../../../src/protocols/grpc/shared/status.js';

const HOST: CallHost<unknown> = {
  maxReceiveMessageBytes: 1000,
  maxSendMessageBytes: 1000,
  headersOf: () => [],
  describeWait: () => '',
  onOver: () => {},
};

/** Tests of a call whose peer cancels it before the timer of its deadline fires. */
export function testDeadlineRace<Call>(
  create: (host: CallHost<unknown>, path: string, options: GrpcCallOptions, events: GrpcCallEvents) => Call,
  cancelByPeer: (call: Call) => void,
): void {
  for (const { name, busyMs, expected } of [
    { name: 'a reset by a peer that sees the deadline first is DEADLINE_EXCEEDED', busyMs: 30, expected: 4 },
    { name: 'a reset before the deadline is CANCELLED', busyMs: 0, expected: 1 },
  ]) {
    test(name, () => {
      const statuses: CallStatus[] = [];
      const events = {
        onHeaders: () => {},
        onMessage: () => {},
        onDrain: () => {},
        onStatus: (status: CallStatus) => void statuses.push(status),
      };
      const call = create(HOST, '/a.B/C', { timeoutMs: busyMs === 0 ? 60_000 : 20 }, events);
      const until = performance.now() + busyMs;
      // The timer cannot fire meanwhile, as when other work delays it.
      while (performance.now() < until);
      cancelByPeer(call);
      assert.deepEqual(
        statuses.map((status) => status.code),
        [expected],
      );
    });
  }
}
