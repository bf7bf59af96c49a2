import { setLoopTimeout } from '../../../streams/loop-timeout.js';
import type { CallStatus } from '../shared/status.js';
import type { StreamCall } from './stream-call.js';

/**
 * Calls that have lost their connection, or found none after its loss, and wait for the reason. The end of a connection is noticed before
 * the end of the process behind it, and tells nobody what happened.
 */
export class LostCalls {
  readonly #timeoutMs: number;
  /** Each with the status that it gets when no reason comes. */
  readonly #calls = new Map<StreamCall, CallStatus>();
  #cancelTimeout: (() => void) | undefined;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** A connection was lost: from now on calls wait, up to the time limit. */
  begin(): void {
    if (this.#timeoutMs === 0) return;
    this.#cancelTimeout ??= setLoopTimeout(() => this.end(), this.#timeoutMs);
  }

  /** False when the call is to fail at once. */
  hold(call: StreamCall, status: CallStatus): boolean {
    if (this.#cancelTimeout === undefined || call.options.awaitsReason === false) return false;
    this.#calls.set(call, status);
    return true;
  }

  /** The call has ended by itself. */
  delete(call: StreamCall): void {
    this.#calls.delete(call);
  }

  /** Nothing is waited for any more: the calls end, as `statusOf` says or with their own statuses. */
  end(statusOf: (own: CallStatus) => CallStatus = (own) => own): void {
    this.#cancelTimeout?.();
    this.#cancelTimeout = undefined;
    const calls = [...this.#calls];
    this.#calls.clear();
    for (const [call, status] of calls) call.fail(statusOf(status));
  }
}
