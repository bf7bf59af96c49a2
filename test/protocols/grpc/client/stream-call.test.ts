import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveChannelOptions } from '../../../../src/protocols/grpc/client/channel-options.js';
import { RequestHeaders } from '../../../../src/protocols/grpc/client/request-headers.js';
import { type CallContext, StreamCall } from '../../../../src/protocols/grpc/client/stream-call.js';
import type { CallStatus } from '../../../../src/protocols/grpc/shared/status.js';

const CANCEL = 8;
const dialer = { dial: () => Promise.reject(new Error('never dialed')) };
const CONTEXT: CallContext = {
  maxReceiveMessageBytes: 1000,
  maxSendMessageBytes: 1000,
  headers: new RequestHeaders(resolveChannelOptions({ dialer })),
  describeWait: () => '',
  onLost: () => false,
  onSilent: () => {},
  onEnd: () => {},
};

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
    const call = new StreamCall(CONTEXT, '/a.B/C', { timeoutMs: busyMs === 0 ? 60_000 : 20 }, events);
    const until = performance.now() + busyMs;
    // The timer cannot fire meanwhile, as when other work delays it.
    while (performance.now() < until);
    call.onReset(CANCEL);
    assert.deepEqual(
      statuses.map((status) => status.code),
      [expected],
    );
  });
}
