import type { Writable } from 'node:stream';
import { BehaviorSubject, concat, defer, first, ignoreElements, Observable, takeUntil, tap } from 'rxjs';
import { ProtocolError, TransportError } from '../errors.js';

/** The brake of a source that can be stopped for a while; every Readable is one. */
export interface Gate {
  pause(): unknown;
  resume(): unknown;
}

/** How `writeTo` keeps within its bound, and whose the Writable is. */
export interface WriteToOptions {
  /** Is paused while the Writable is full. Without it a source that is faster than the Writable runs into `maxQueuedBytes`. */
  readonly gate?: Gate;
  /** Most bytes that may wait in the Writable; a chunk over it is an error, unless it is the only one. @default 1 MiB */
  readonly maxQueuedBytes?: number;
  /** Ends the Writable after the source's last chunk. @default false: it is borrowed */
  readonly end?: boolean;
}

/**
 * Writes every chunk of the source to a Writable. Emits nothing; completes when the source has completed and all of it is written.
 * Errors when the Writable fails or closes, or with ProtocolError ERR_LIMIT_EXCEEDED when `maxQueuedBytes` would be exceeded.
 */
export function writeTo(
  writable: Writable,
  options: WriteToOptions = {},
): (source$: Observable<Uint8Array>) => Observable<never> {
  return (source$) =>
    defer(() => {
      const sink = createSink(writable, options);
      const written$ = source$.pipe(tap(sink.write), ignoreElements());
      return concat(written$, sink.flushed$).pipe(takeUntil(sink.fate$));
    });
}

interface Sink {
  readonly write: (chunk: Uint8Array) => void;
  /** Completes when all that was written is out. */
  readonly flushed$: Observable<never>;
  /** Never emits and never completes; errors when the Writable can take no more. Has to be subscribed while writing. */
  readonly fate$: Observable<never>;
}

/** A Writable with a bounded queue and a brake. Has no lifetime of its own: its listeners come and go with `fate$`. */
function createSink(writable: Writable, options: WriteToOptions): Sink {
  const { gate, maxQueuedBytes = 1 << 20, end = false } = options;
  const pending$ = new BehaviorSubject(0);
  // A failed write stays pending: its callback comes before the error event, and must not look like the end of the queue.
  const onWritten = (error?: Error | null): void => {
    if (error === null || error === undefined) pending$.next(pending$.value - 1);
  };
  return {
    write(chunk) {
      if (!writable.writable) throw closed(writable);
      const queuedBytes = writable.writableLength;
      if (queuedBytes > 0 && queuedBytes + chunk.byteLength > maxQueuedBytes)
        throw overflow(queuedBytes, chunk, maxQueuedBytes);
      pending$.next(pending$.value + 1);
      if (!writable.write(chunk, onWritten)) gate?.pause();
    },
    flushed$: defer(() => {
      if (end) {
        pending$.next(pending$.value + 1);
        writable.end(onWritten);
      }
      return pending$.pipe(
        first((pending) => pending === 0),
        ignoreElements(),
      );
    }),
    fate$: fateOf(writable, () => gate?.resume()),
  };
}

function fateOf(writable: Writable, onDrain: () => void): Observable<never> {
  return new Observable<never>((subscriber) => {
    const onError = (error: Error): void => subscriber.error(error);
    const onClose = (): void => subscriber.error(closed(writable));
    writable.on('drain', onDrain).on('error', onError).on('close', onClose);
    return () => writable.off('drain', onDrain).off('error', onError).off('close', onClose);
  });
}

function closed(writable: Writable): Error {
  return (
    writable.errored ??
    new TransportError('ERR_CONNECTION_LOST', 'The stream that bytes were to be written to is closed.')
  );
}

function overflow(queuedBytes: number, chunk: Uint8Array, maxQueuedBytes: number): ProtocolError {
  return new ProtocolError(
    'ERR_LIMIT_EXCEEDED',
    `The reader is too slow: ${queuedBytes} bytes wait to be written and ${chunk.byteLength} more came, the limit is ${maxQueuedBytes}. ` +
      'Read faster, raise maxQueuedBytes, or give a gate so that the source can be paused.',
  );
}
