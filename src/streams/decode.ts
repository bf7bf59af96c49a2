import { concatMap, concatWith, defer, map, type Observable, type OperatorFunction, of } from 'rxjs';

/** Turns bytes into values, however they are cut into chunks. */
export interface Decoder<T> {
  /** The values that the chunk completes. A throw ends the stream with that error. */
  push(chunk: Uint8Array): Iterable<T>;
  /** The values that are complete only because nothing more comes. */
  end?(): Iterable<T>;
}

/** Chunks to values; every subscription has a decoder of its own. Holds nothing but what the decoder holds. */
export function decode<T>(createDecoder: () => Decoder<T>): OperatorFunction<Uint8Array, T> {
  return (chunk$: Observable<Uint8Array>) =>
    defer(() => {
      const decoder = createDecoder();
      const end$ = defer(() => of(decoder.end?.() ?? []));
      return chunk$.pipe(
        map((chunk) => decoder.push(chunk)),
        concatWith(end$),
        concatMap((values) => values),
      );
    });
}
