import { defer, finalize, from, type Observable, type ObservableInput, switchMap } from 'rxjs';

/** How `usingAsync` opens, uses and closes its resource. */
export interface AsyncScope<R, T> {
  /** Opens the resource. The signal is aborted when the subscriber unsubscribes meanwhile, not after it was opened. */
  readonly open: (signal: AbortSignal) => Promise<R>;
  readonly use: (resource: R) => ObservableInput<T>;
  /** Called once for every resource that was opened, also when that was after the unsubscribe. Must not throw. */
  readonly close: (resource: R) => void;
}

/**
 * rxjs's `using` for a resource that is opened asynchronously. Cold: each subscription opens its own resource, mirrors what `use`
 * makes of it, and closes it at the end or on unsubscribe.
 */
export function usingAsync<R, T>({ open, use, close }: AsyncScope<R, T>): Observable<T> {
  return defer(() => {
    const unsubscribed = new AbortController();
    // Not once it was opened: the abort makes an error with a stack trace, which takes longer than much of what is opened.
    let release = (): void => unsubscribed.abort();
    const opening = open(unsubscribed.signal).then((resource) => {
      if (unsubscribed.signal.aborted) close(resource);
      else release = () => close(resource);
      return resource;
    });
    return from(opening).pipe(
      switchMap(use),
      finalize(() => release()),
    );
  });
}
