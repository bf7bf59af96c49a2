import { Readable, Writable } from 'node:stream';
import { type Observable, Subject } from 'rxjs';

/** Where the bytes of one standard stream come out, for whoever wants them. */
export interface StdioOutlet {
  /** What arrives; its backpressure is that of `readable`. Nothing may be written after `close`. */
  readonly writable: Writable;
  /** Who reads it sets the pace. While nobody has touched it, its bytes are discarded, so that the writer is never held up. */
  readonly readable: Readable;
  /** Every chunk as an event, hot, replaying nothing; completes with the outlet. */
  readonly chunks$: Observable<Uint8Array>;
  /** Ends `readable` and completes `chunks$` after what was written. Idempotent. */
  close(): void;
}

/** What may wait for a reader besides what `readable` holds: enough that a writer need not wait for every single chunk. */
const WRITE_AHEAD_BYTES = 256 * 1024;

/**
 * One standard stream on its way out. A Readable counts as touched once it was read, piped, paused or given a listener for its data:
 * from then on it is never discarded again, and a reader that stops reading stops the writer.
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
      if (readable.destroyed || readable.readableEnded || isUntouched(readable) || readable.push(chunk)) callback();
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
    // Nobody reads it: let it end, so that whoever begins to wait for its end is not left waiting.
    if (isUntouched(readable)) readable.resume();
  };
  return { writable, readable, chunks$: chunks.asObservable(), close };
}

/** Before anyone has asked for data there is nothing to hold it for (Node: `readableFlowing` is null until then). */
function isUntouched(readable: Readable): boolean {
  return readable.readableFlowing === null && readable.listenerCount('readable') === 0;
}
