import { NEVER, type Observable } from 'rxjs';
import type { CallContext } from 'rxplug';
import { GrpcError, status } from 'rxplug/grpc';
import { bounded } from '../bounded.js';
import type { Observation } from '../gen/probe.js';

const OBSERVE_LIMIT_MS = 15_000;

interface Hang {
  readonly began: Deferred<Observation>;
  readonly ended: Deferred<Observation>;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}

/** Calls that never answer, by token, seen from outside. */
export class Hangs {
  readonly #hangs = new Map<string, Hang>();

  /** Hangs until the call is over, and remembers how it ended. */
  hang(token: string, call: CallContext): Observable<never> {
    const { began, ended } = this.#of(token);
    const hasDeadline = call.deadline !== undefined;
    const remainingMs = call.deadline === undefined ? 0 : Math.max(0, call.deadline.getTime() - Date.now());
    const observation = { ended: false, reason: '', hasDeadline, remainingMs };
    const end = () => ended.resolve({ ...observation, ended: true, reason: reasonOf(call.signal.reason) });
    call.signal.addEventListener('abort', end, { once: true });
    began.resolve(observation);
    return NEVER;
  }

  observe(token: string, ended: boolean): Promise<Observation> {
    const hang = this.#of(token);
    return bounded((ended ? hang.ended : hang.began).promise, `the call ${token}`, OBSERVE_LIMIT_MS);
  }

  #of(token: string): Hang {
    const hang = this.#hangs.get(token) ?? { began: defer<Observation>(), ended: defer<Observation>() };
    this.#hangs.set(token, hang);
    return hang;
  }
}

function reasonOf(reason: unknown): string {
  return GrpcError.is(reason) && reason.status === status.DEADLINE_EXCEEDED ? 'deadline' : 'cancelled';
}

function defer<T>(): Deferred<T> {
  let settle: ((value: T) => void) | undefined;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle?.(value) };
}
