import { Observable, type Subscriber } from 'rxjs';
import { OptionsError } from '../../errors.js';
import type { YamuxStream } from './stream.js';

/** The streams that the peer has opened. They wait for a subscriber up to a bound; the session refuses further ones. */
export class Incoming {
  readonly #backlog: number;
  readonly #accept: (stream: YamuxStream) => void;
  readonly #waiting = new Set<YamuxStream>();
  #subscriber: Subscriber<YamuxStream> | undefined;
  #isClosed = false;

  readonly stream$ = new Observable<YamuxStream>((subscriber) => this.#subscribe(subscriber));

  /** `accept` acknowledges a stream; it is called right before the stream is emitted. */
  constructor(backlog: number, accept: (stream: YamuxStream) => void) {
    this.#backlog = backlog;
    this.#accept = accept;
  }

  /** How many streams wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Whether one more stream may be offered. */
  get hasRoom(): boolean {
    return this.#waiting.size < this.#backlog;
  }

  offer(stream: YamuxStream): void {
    this.#waiting.add(stream);
    this.#emit();
  }

  /** The stream ended before it was accepted. */
  withdraw(stream: YamuxStream): void {
    this.#waiting.delete(stream);
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
    this.#subscriber?.complete();
  }

  #subscribe(subscriber: Subscriber<YamuxStream>): (() => void) | undefined {
    if (this.#subscriber !== undefined) {
      subscriber.error(
        new OptionsError('stream$ of a yamux session takes one subscriber at a time: each stream has one owner.'),
      );
      return undefined;
    }
    if (this.#isClosed) {
      subscriber.complete();
      return undefined;
    }
    this.#subscriber = subscriber;
    // Before the waiting streams are emitted: the subscriber may unsubscribe after the first.
    subscriber.add(() => {
      this.#subscriber = undefined;
    });
    this.#emit();
    return undefined;
  }

  #emit(): void {
    for (const stream of this.#waiting) {
      const subscriber = this.#subscriber;
      if (subscriber === undefined) return;
      this.#waiting.delete(stream);
      this.#accept(stream);
      subscriber.next(stream);
    }
  }
}
