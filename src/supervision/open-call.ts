import { Observable } from 'rxjs';
import { PluginError } from '../errors.js';
import type { CallStatus } from '../protocols/grpc/shared/status.js';
import { lostCall } from '../protocols/netrpc/rpc-errors.js';
import type { Generation } from './generation.js';
import type { OpenCall } from './switched-call.js';

/** Something that uses a generation, as an open call of it: a drain waits for its end. */
export function counted<T>(generation: Generation, call$: Observable<T>): Observable<T> {
  return new Observable((subscriber) => {
    const open: OpenCall = {
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
