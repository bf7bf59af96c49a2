/** Something that knows where it stands in an `OpenCalls`. */
export interface Placed {
  /** -1 while it is in none. Set by `OpenCalls` alone. */
  place: number;
}

/**
 * The calls that have not ended, in no order. Not a Set: V8 links each table of a Set to the next one, so that one which has grown old
 * keeps every later call from being collected young, at half the speed.
 */
export class OpenCalls<T extends Placed> {
  readonly #calls: T[] = [];

  get size(): number {
    return this.#calls.length;
  }

  add(call: T): void {
    call.place = this.#calls.length;
    this.#calls.push(call);
  }

  /** One that is in no table stays in none. */
  delete(call: T): void {
    if (call.place < 0) return;
    const last = this.#calls.pop()!;
    if (last !== call) {
      this.#calls[call.place] = last;
      last.place = call.place;
    }
    call.place = -1;
  }

  /** All of them, as of now. */
  all(): T[] {
    return [...this.#calls];
  }
}
