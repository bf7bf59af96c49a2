import assert from 'node:assert/strict';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';

/** Runs a body in virtual time; what it expects is compared with `deepEqual`, subscriptions included. */
export function marbles(body: (helpers: RunHelpers) => void): void {
  new TestScheduler((actual, expected) => assert.deepEqual(actual, expected)).run(body);
}
