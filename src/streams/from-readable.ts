import { finished, type Readable } from 'node:stream';
import { Observable } from 'rxjs';
import { TransportError } from '../errors.js';

/**
 * The chunks of a Readable. Cold, for one subscriber at a time: subscribing resumes the Readable, unsubscribing pauses it, and unread
 * chunks wait for the next subscriber. The Readable is never destroyed here. Completes at its end; errors with its error,
 * or with TransportError ERR_CONNECTION_LOST when it was destroyed before its end.
 *
 * There is no backpressure: chunks are emitted as they arrive. A consumer that has to go slower reads the Readable itself.
 */
export function fromReadable(readable: Readable): Observable<Uint8Array> {
  return new Observable<Uint8Array>((subscriber) => {
    const onData = (chunk: Uint8Array): void => subscriber.next(chunk);
    const stopWatching = finished(readable, { writable: false }, (error) => {
      if (error === null || error === undefined) subscriber.complete();
      else subscriber.error(closedEarly(error));
    });
    subscriber.add(() => {
      stopWatching();
      readable.off('data', onData);
      if (readable.listenerCount('data') === 0) readable.pause();
    });
    readable.on('data', onData);
    readable.resume();
  });
}

function closedEarly(error: NodeJS.ErrnoException): Error {
  if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') return error;
  return new TransportError('ERR_CONNECTION_LOST', 'The stream was closed before its end.', { cause: error });
}
