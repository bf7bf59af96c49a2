import { finished, Readable } from 'node:stream';
import { isObservable, type Observable, Subject, takeUntil } from 'rxjs';
import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import type { ServerCallContext } from './call-context.js';
import type { ResponseWriter } from './response-writer.js';

/** Runs a handler that owes a stream of responses and writes what it gives, each kind of stream at the pace that it can keep. */
export function streamResponses(run: () => unknown, context: ServerCallContext, writer: ResponseWriter): void {
  try {
    const result = run();
    if (isObservable(result)) writeObservable(result, context, writer);
    else if (result instanceof Readable) writeReadable(result, context, writer);
    else if (isAsyncIterable(result)) void writeIterable(result, context, writer);
    else writer.fail(notAStream(context));
  } catch (thrown) {
    writer.fail(thrown);
  }
}

function writeObservable(source$: Observable<unknown>, context: ServerCallContext, writer: ResponseWriter): void {
  if (!context.open) return;
  const stop$ = new Subject<void>();
  context.onEnd(() => stop$.next());
  source$.pipe(takeUntil(stop$)).subscribe({
    next: (message) => {
      try {
        writer.offer(message);
      } catch (thrown) {
        writer.fail(thrown);
        stop$.next();
      }
    },
    error: (thrown) => writer.fail(thrown),
    complete: () => writer.end(),
  });
}

/** Reads and writes on one turn, so that nothing is ever between the two when the caller cancels. */
function writeReadable(readable: Readable, context: ServerCallContext, writer: ResponseWriter): void {
  let waiting = false;
  const resume = (): void => {
    waiting = false;
    pump();
  };
  const pump = (): void => {
    while (context.open && !waiting) {
      if (!writer.hasRoom) {
        waiting = true;
        return writer.onRoom(resume);
      }
      const message: unknown = readable.read();
      if (message === null) return;
      try {
        writer.write(message);
      } catch (thrown) {
        writer.fail(thrown);
        readable.destroy();
      }
    }
  };
  context.onEnd(() => readable.destroy());
  finished(readable, { writable: false }, (error) => {
    if (error === null || error === undefined) writer.end();
    else writer.fail(error);
  });
  readable.on('readable', pump);
}

async function writeIterable(
  iterable: AsyncIterable<unknown>,
  context: ServerCallContext,
  writer: ResponseWriter,
): Promise<void> {
  const iterator = iterable[Symbol.asyncIterator]();
  const forget = context.onEnd(() => leave(iterator));
  try {
    while (context.open) {
      const { done, value } = await iterator.next();
      if (done === true) {
        forget();
        return writer.end();
      }
      if (!writer.write(value)) await new Promise<void>((resolve) => writer.onRoom(resolve));
    }
  } catch (thrown) {
    writer.fail(thrown);
    if (forget()) leave(iterator);
  }
}

/** Lets a generator run its `finally`. What that throws concerns nobody: the call is over. */
function leave(iterator: AsyncIterator<unknown>): void {
  Promise.resolve(iterator.return?.()).catch(() => {});
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function notAStream(context: ServerCallContext): GrpcError {
  const detail = `The handler of ${context.path} gave neither an Observable nor an AsyncIterable.`;
  return new GrpcError(Status.INTERNAL, detail);
}
