import { defer, finalize, from, type Observable, type ObservableInput, switchMap } from 'rxjs';

/** What `usingAsync` is made of. */
export interface AsyncScope<R, T> {
  /** Opens the resource. The signal is aborted when nobody wants it any more. */
  readonly open: (signal: AbortSignal) => Promise<R>;
  readonly use: (resource: R) => ObservableInput<T>;
  /** Called once for every resource that was opened, also for one that came too late to be used. Must not throw. */
  readonly close: (resource: R) => void;
}

/**
 * rxjs's `using` for a resource that takes time to open. Cold: each subscription opens a resource of its own, mirrors what is made of
 * it, and closes it when that has ended or nobody is subscribed any more.
 */
export function usingAsync<R, T>({ open, use, close }: AsyncScope<R, T>): Observable<T> {
  return defer(() => {
    const left = new AbortController();
    let release = (): void => {};
    const opening = open(left.signal).then((resource) => {
      if (left.signal.aborted) close(resource);
      else release = () => close(resource);
      return resource;
    });
    return from(opening).pipe(
      switchMap(use),
      finalize(() => {
        left.abort();
        release();
      }),
    );
  });
}
