import { concatMap, concatWith, defer, type Observable, type OperatorFunction } from 'rxjs';

/** Turns a stream of bytes into values. Where the chunks are cut does not matter. */
export interface Decoder<T> {
  /** The values that the chunk completes. Throws when the bytes are malformed; the stream errors with that. */
  push(chunk: Uint8Array): Iterable<T>;
  /** The values that the end of the bytes completes, such as a last line without a line break. */
  end?(): Iterable<T>;
}

/** Chunks to values. Each subscription has its own decoder; nothing is buffered outside of it. */
export function decode<T>(createDecoder: () => Decoder<T>): OperatorFunction<Uint8Array, T> {
  return (chunks$: Observable<Uint8Array>) =>
    defer(() => {
      const decoder = createDecoder();
      const end$ = defer(() => decoder.end?.() ?? []);
      return chunks$.pipe(
        concatMap((chunk) => decoder.push(chunk)),
        concatWith(end$),
      );
    });
}
