import type { Readable } from 'node:stream';
import { Observable } from 'rxjs';

/**
 * The next `bytes` bytes of a stream, which keeps what follows them. Cold: reads from the subscription on, emits once and completes.
 * Completes without a value when the stream ends or closes before; never errors. Nobody else may read meanwhile.
 */
export function exactRead(stream: Readable, bytes: number): Observable<Uint8Array> {
  return new Observable((subscriber) => {
    const tryRead = (): void => {
      const chunk = stream.read(bytes) as Uint8Array | null;
      if (chunk === null) return;
      release();
      // A stream that ends gives what it has left, which may be less.
      if (chunk.length === bytes) subscriber.next(chunk);
      subscriber.complete();
    };
    const onOver = (): void => subscriber.complete();
    const release = (): void => {
      stream.off('readable', tryRead).off('end', onOver).off('close', onOver).off('error', onOver);
    };
    if (stream.destroyed || stream.readableEnded) {
      subscriber.complete();
      return undefined;
    }
    stream.on('readable', tryRead).on('end', onOver).on('close', onOver).on('error', onOver);
    tryRead();
    return release;
  });
}
