import { Observable } from 'rxjs';
import { PluginError } from '../../errors.js';
import type { CallStatus } from '../../protocols/grpc/shared/status.js';
import { lostCall } from '../../protocols/netrpc/rpc-errors.js';

/** A call that can be ended from outside. */
export interface OpenCall {
  /** Where it stands among the open calls. Theirs alone. */
  position: number;
  interrupt(status: CallStatus): void;
}

/** The open calls of a generation. A Set keeps calls that have ended, and all that they hold, alive in tables that it has outgrown. */
export class OpenCalls {
  readonly #calls: OpenCall[] = [];

  get size(): number {
    return this.#calls.length;
  }

  add(call: OpenCall): void {
    call.position = this.#calls.push(call) - 1;
  }

  /** Of a call that was added. */
  delete(call: OpenCall): void {
    const last = this.#calls.pop() as OpenCall;
    if (last === call) return;
    this.#calls[call.position] = last;
    last.position = call.position;
  }

  /** Ends all that are open now. */
  interrupt(status: CallStatus): void {
    for (const call of this.#calls.slice()) if (this.#calls[call.position] === call) call.interrupt(status);
  }
}

/** What calls are counted on: a generation. */
export interface Counting {
  readonly calls: OpenCalls;
  /** How many calls were made on it. */
  made: number;
  /** How often something of an answer has arrived. */
  answers: number;
}

/** Something that uses a generation, as an open call of it: a drain waits for its end. */
export function counted<T>(generation: Counting, call$: Observable<T>): Observable<T> {
  return new Observable((subscriber) => {
    const open: OpenCall = {
      position: 0,
      interrupt: ({ cause, detail, delivery = 'unknown' }: CallStatus) =>
        subscriber.error(PluginError.is(cause) ? lostCall(cause, delivery) : new Error(detail)),
    };
    generation.made++;
    generation.calls.add(open);
    subscriber.add(() => generation.calls.delete(open));
    const answered = (): void => void generation.answers++;
    subscriber.add(
      call$.subscribe({
        next: (value) => {
          answered();
          subscriber.next(value);
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
  });
}
