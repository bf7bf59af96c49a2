import type { Readable } from 'node:stream';
import type { GrpcError } from '../shared/errors.js';
import type { ResponseSink } from './typed-call.js';

/** Responses on their way to the reader of a Readable, one per `want`, and the end of the call after the last of them. */
export class PacedResponses implements ResponseSink {
  readonly #readable: Readable;
  readonly #askForMore: () => void;
  /** A Readable forgets what it holds when it is destroyed with an error, so it holds one message and the rest waits here. */
  readonly #unread: unknown[] = [];
  #wanted = false;
  #end: (() => void) | undefined;

  /** The Readable is borrowed; `askForMore` is called for every message that leaves. */
  constructor(readable: Readable, askForMore: () => void) {
    this.#readable = readable;
    this.#askForMore = askForMore;
  }

  get closed(): boolean {
    return this.#readable.destroyed;
  }

  next(message: unknown): void {
    this.#unread.push(message);
    this.#pass();
  }

  /** In a later turn: `read` asks for more before it hands out what it has. */
  error(error: GrpcError): void {
    this.#finish(() => process.nextTick(() => this.#readable.destroy(error)));
  }

  complete(): void {
    this.#finish(() => this.#readable.push(null));
  }

  /** The Readable has room for one more. */
  want(): void {
    this.#wanted = true;
    this.#pass();
  }

  #finish(end: () => void): void {
    this.#end = end;
    this.#pass();
  }

  #pass(): void {
    if (!this.#wanted || (this.#unread.length === 0 && this.#end === undefined)) return;
    this.#wanted = false;
    if (this.#unread.length === 0) return this.#end?.();
    this.#askForMore();
    this.#readable.push(this.#unread.shift());
  }
}
