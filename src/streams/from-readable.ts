import { finished, type Readable } from 'node:stream';
import { Observable } from 'rxjs';
import { TransportError } from '../errors.js';

/** Whose the Readable is. */
export interface FromReadableOptions {
  /** Destroys the Readable when the subscription ends, however it ends. @default false: it is borrowed */
  readonly owns?: boolean;
}

/**
 * The chunks of a Readable, cold, for one subscriber at a time: subscribing begins to read, unsubscribing pauses, and what was not
 * read yet waits for the next subscriber. Completes at the Readable's end; errors with its error, or with TransportError
 * ERR_CONNECTION_LOST when it was destroyed before its end.
 *
 * An Observable cannot push back: chunks come at the speed of the wire. Whoever has to go slower pauses the Readable itself (the
 * `gate` of `writeTo` does so); it fills up to its highWaterMark and then the writer at the other end waits.
 */
export function fromReadable(readable: Readable, options: FromReadableOptions = {}): Observable<Uint8Array> {
  return new Observable<Uint8Array>((subscriber) => {
    const onData = (chunk: Uint8Array): void => subscriber.next(chunk);
    const forget = finished(readable, { writable: false }, (error) => {
      if (error === null || error === undefined) subscriber.complete();
      else subscriber.error(lost(error));
    });
    subscriber.add(() => {
      forget();
      readable.off('data', onData);
      if (options.owns === true) readable.destroy();
      else if (readable.listenerCount('data') === 0) readable.pause();
    });
    readable.on('data', onData);
    readable.resume();
  });
}

function lost(error: NodeJS.ErrnoException): Error {
  if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') return error;
  return new TransportError('ERR_CONNECTION_LOST', 'The stream was closed before its end.', { cause: error });
}
