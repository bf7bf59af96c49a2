import { finished, Readable } from 'node:stream';
import { type Observable, Subject, takeUntil } from 'rxjs';
import type { HandlerContext } from './context.js';
import { HandlerMistake } from './handler-mistake.js';
import { asObservable } from './observable.js';

/** Sends the responses that a handler returned, each kind of stream at the pace that it can keep. */
export function sendResponses(result: unknown, context: HandlerContext): void {
  const result$ = asObservable(result);
  if (result$ !== undefined) sendObservable(result$, context);
  else if (result instanceof Readable) sendReadable(result, context);
  else if (isAsyncIterable(result)) {
    context.running = sendIterable(result, context).finally(() => {
      context.running = undefined;
    });
  } else context.fail(notAStream(context));
}

function sendObservable(source$: Observable<unknown>, context: HandlerContext): void {
  const { responses } = context;
  const stop$ = new Subject<void>();
  context.onceOver(() => stop$.next());
  if (!context.open) return;
  source$.pipe(takeUntil(stop$)).subscribe({
    next: (message) => {
      try {
        responses.offer(message);
      } catch (thrown) {
        context.fail(thrown);
        stop$.next();
      }
    },
    error: (thrown) => context.fail(thrown),
    complete: () => context.complete(),
  });
}

/** Reads and writes in one turn, so that no message is between the two when the caller cancels. */
function sendReadable(readable: Readable, context: HandlerContext): void {
  const { responses } = context;
  let waiting = false;
  const resume = (): void => {
    waiting = false;
    pump();
  };
  const pump = (): void => {
    while (context.open && !waiting) {
      if (!responses.ready) {
        waiting = true;
        return responses.onceReady(resume);
      }
      const message: unknown = readable.read();
      if (message === null) return;
      try {
        responses.write(message);
      } catch (thrown) {
        context.fail(thrown);
        readable.destroy();
      }
    }
  };
  let abandoned = false;
  context.onceOver(() => {
    abandoned = true;
    readable.destroy();
  });
  finished(readable, { writable: false }, (error) => {
    if (error === null || error === undefined) context.complete();
    // It was destroyed since the call is over, which is no failure of the handler.
    else if (!(abandoned && error.code === 'ERR_STREAM_PREMATURE_CLOSE')) context.fail(error);
  });
  readable.on('readable', pump);
}

async function sendIterable(iterable: AsyncIterable<unknown>, context: HandlerContext): Promise<void> {
  const { responses } = context;
  const iterator = iterable[Symbol.asyncIterator]();
  const forget = context.onceOver(() => void close(iterator));
  try {
    while (context.open) {
      const { done, value } = await iterator.next();
      if (done === true) {
        forget();
        return context.complete();
      }
      if (!responses.write(value)) await new Promise<void>((resolve) => responses.onceReady(resolve));
    }
  } catch (thrown) {
    context.fail(thrown);
    if (forget()) void close(iterator);
  }
}

/** Lets a generator run its `finally`. The call is over: its error is dropped. */
async function close(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {}
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function notAStream(context: HandlerContext): HandlerMistake {
  return new HandlerMistake(`The handler of ${context.path} gave neither an Observable nor an AsyncIterable.`);
}
