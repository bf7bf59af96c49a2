import { ClosedError, SupervisionError } from '../errors.js';
import { status as Status } from '../protocols/grpc/shared/grpc-js.js';
import { type CallStatus, localStatus } from '../protocols/grpc/shared/status.js';
import type { StopCause, SupervisorState } from './state.js';

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

/** Why nothing of a supervised plugin works any more. */
export function closed(): ClosedError {
  return new ClosedError('ERR_CLOSED', 'The supervised plugin was stopped.');
}

/** Why a call of a generation that was replaced ends. */
export function replaced(drainMs: number): SupervisionError {
  const message = `The plugin was replaced, and the call was still open ${drainMs} ms later.`;
  return new SupervisionError('ERR_RELOAD', message);
}

const UNWELL: Readonly<Partial<Record<StopCause, string>>> = {
  'not-serving': 'reported NOT_SERVING for too long',
  memory: 'used more memory than `limits.memoryBytes`',
};

/** Why a generation that lives is killed. */
export function unhealthy(cause: StopCause): SupervisionError {
  const what = UNWELL[cause] ?? 'answered no health check';
  return new SupervisionError('ERR_UNHEALTHY', `The plugin ${what} and is started again.`);
}
