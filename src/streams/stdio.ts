import { Readable, Writable } from 'node:stream';
import { type Observable, Subject } from 'rxjs';

/** One of the plugin's output streams, as the host offers it. */
export interface StdioOutlet {
  /** Takes the bytes that arrive; it has the backpressure of `readable`. Nothing may be written after `close`. */
  readonly writable: Writable;
  /** The bytes for one reader, which sets the pace. Discarded until it is used, so that an output without a reader never blocks the writer. */
  readonly readable: Readable;
  /** Every chunk, hot, not replayed; completes with the outlet. */
  readonly chunks$: Observable<Uint8Array>;
  /** Ends `readable` and completes `chunks$` after what was written. Idempotent. */
  close(): void;
}

/** Bytes that are buffered besides those in `readable`, so that the writer need not wait for each chunk. */
const WRITE_AHEAD_BYTES = 256 * 1024;

/**
 * An outlet for one stream. Its Readable counts as used once it was read, piped, paused or given a `data` listener; from then on
 * nothing is discarded, and a reader that stops reading stops the writer.
 */
export function createStdioOutlet(): StdioOutlet {
  const chunks = new Subject<Uint8Array>();
  let resume: (() => void) | undefined;
  const readable = new Readable({
    read() {
      const callback = resume;
      resume = undefined;
      callback?.();
    },
    destroy(error, callback) {
      resume?.();
      resume = undefined;
      callback(error);
    },
  });
  const writable = new Writable({
    highWaterMark: WRITE_AHEAD_BYTES,
    write(chunk: Uint8Array, _encoding, callback) {
      chunks.next(chunk);
      if (readable.destroyed || readable.readableEnded || isUnused(readable) || readable.push(chunk)) callback();
      else resume = callback;
    },
    final(callback) {
      if (!readable.destroyed) readable.push(null);
      chunks.complete();
      callback();
    },
  });
  const close = () => {
    writable.end();
    // Without a reader it would never emit its end.
    if (isUnused(readable)) readable.resume();
  };
  return { writable, readable, chunks$: chunks.asObservable(), close };
}

/** `readableFlowing` of Node is null until data is requested. */
function isUnused(readable: Readable): boolean {
  return readable.readableFlowing === null && readable.listenerCount('readable') === 0;
}
