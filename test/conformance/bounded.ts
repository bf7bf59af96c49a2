import { within } from '../support/defer.js';

/** How long anything may take in a conformance test, on an idle machine, before it counts as hung. */
export const LIMIT_MS = 60_000;

/** The same promise, rejecting with a message that names what did not come in time. */
export function bounded<T>(promise: Promise<T>, what: string, limitMs: number = LIMIT_MS): Promise<T> {
  return within(limitMs, what, promise);
}
