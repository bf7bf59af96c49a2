import { SupervisionError } from '../errors.js';
import { status as Status } from '../protocols/grpc/shared/grpc-js.js';
import { type CallStatus, localStatus } from '../protocols/grpc/shared/status.js';
import type { SupervisorState } from './state.js';

/** The status of a call that ends for a reason of the supervisor. */
export function endedStatus(because: Error, delivery: 'none' | 'unknown'): CallStatus {
  return { ...localStatus(Status.UNAVAILABLE, because.message, because), delivery };
}

/** Nothing has come to serve within the time that a call may wait, or nothing may be waited for. */
export function noGeneration(state: SupervisorState, waitedMs: number): SupervisionError {
  const waited = waitedMs === 0 ? 'and calls do not wait for it' : `and did not come to run within ${waitedMs} ms`;
  const cause = state.status === 'waiting' ? state.stop.error : undefined;
  const why = cause === undefined ? '' : ` It last stopped because: ${cause.message}`;
  const message = `The plugin does not run at the moment (it is ${state.status}), ${waited}.${why} Raise \`whenDown.limitMs\`, or try again later.`;
  return new SupervisionError('ERR_NO_GENERATION', message, cause === undefined ? {} : { cause });
}
