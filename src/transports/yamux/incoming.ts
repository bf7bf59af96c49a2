import { Observable, type Subscriber } from 'rxjs';
import { OptionsError } from '../../errors.js';
import type { YamuxStream } from './stream.js';

/**
 * The streams that the peer opened, on their way to the one who accepts them. As long as nobody subscribes they wait, up to a bound;
 * the session refuses further ones.
 */
export class Incoming {
  readonly #backlog: number;
  readonly #accept: (stream: YamuxStream) => void;
  readonly #waiting = new Set<YamuxStream>();
  #subscriber: Subscriber<YamuxStream> | undefined;
  #isClosed = false;

  readonly stream$ = new Observable<YamuxStream>((subscriber) => this.#subscribe(subscriber));

  /** `accept` tells the peer, right before a stream is handed to the subscriber. */
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
    this.#hand();
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
    // Before the backlog is handed over: the subscriber may leave after the first stream.
    subscriber.add(() => {
      this.#subscriber = undefined;
    });
    this.#hand();
    return undefined;
  }

  #hand(): void {
    for (const stream of this.#waiting) {
      const subscriber = this.#subscriber;
      if (subscriber === undefined) return;
      this.#waiting.delete(stream);
      this.#accept(stream);
      subscriber.next(stream);
    }
  }
}
