import type { Readable } from 'node:stream';
import { Observable } from 'rxjs';

/**
 * Reads the next `bytes` bytes of a stream and leaves what follows in it. Cold: reads from the subscription on, emits once and
 * completes. Completes without a value when the stream ends or closes before; never errors. The stream must have no other reader
 * meanwhile.
 */
export function exactRead(stream: Readable, bytes: number): Observable<Uint8Array> {
  return new Observable((subscriber) => {
    const tryRead = (): void => {
      const chunk = stream.read(bytes) as Uint8Array | null;
      if (chunk === null) return;
      stopListening();
      // At its end a stream returns what is left, which may be shorter.
      if (chunk.length === bytes) subscriber.next(chunk);
      subscriber.complete();
    };
    const onEnd = (): void => subscriber.complete();
    const stopListening = (): void => {
      stream.off('readable', tryRead).off('end', onEnd).off('close', onEnd).off('error', onEnd);
    };
    if (stream.destroyed || stream.readableEnded) {
      subscriber.complete();
      return undefined;
    }
    stream.on('readable', tryRead).on('end', onEnd).on('close', onEnd).on('error', onEnd);
    tryRead();
    return stopListening;
  });
}
