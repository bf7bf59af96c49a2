import { type Observable, Subject, takeUntil } from 'rxjs';
import { isPromiseLike } from '../../../streams/is-promise-like.js';
import type { HandlerContext } from './context.js';
import { HandlerMistake } from './handler-mistake.js';
import { asObservable } from './observable.js';

/** Sends the one response that a handler returned: a value, a Promise or an Observable. */
export function sendResponse(result: unknown, context: HandlerContext): void {
  const result$ = asObservable(result);
  if (result$ !== undefined) sendOnly(result$, context);
  else if (isPromiseLike(result)) {
    context.running = result;
    result.then(
      (message) => {
        context.running = undefined;
        context.respond(message);
      },
      (thrown) => {
        context.running = undefined;
        context.fail(thrown);
      },
    );
  } else context.respond(result);
}

function sendOnly(source$: Observable<unknown>, context: HandlerContext): void {
  if (!context.open) return;
  const stop$ = new Subject<void>();
  context.onceOver(() => stop$.next());
  const values: unknown[] = [];
  source$.pipe(takeUntil(stop$)).subscribe({
    next: (value) => {
      values.push(value);
      if (values.length === 1) return;
      context.fail(wrongCount(context, 'more than one response'));
      stop$.next();
    },
    error: (thrown) => context.fail(thrown),
    complete: () => {
      if (values.length === 1) context.respond(values[0]);
      else context.fail(wrongCount(context, 'no response'));
    },
  });
}

function wrongCount(context: HandlerContext, what: string): HandlerMistake {
  return new HandlerMistake(`The handler of ${context.path} emitted ${what}: exactly one is due.`);
}
