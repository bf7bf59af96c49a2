import { Readable } from 'node:stream';
import type { ServiceMethod } from '../message/service-methods.js';
import type { GrpcError } from '../shared/errors.js';
import type { MessageReadable } from '../shared/service-definition.js';
import type { ResolvedCallOptions } from './call-options.js';
import type { GrpcChannel } from './channel.js';
import { ClientCall, type ResponseSink } from './client-call.js';

/** Decoded messages that wait in a Readable, besides the bytes in the stream's window. */
const READ_AHEAD_MESSAGES = 16;

/**
 * A call whose responses are read at the reader's pace: what is not read stays with the sender, but for 16 messages and the stream's
 * window. Makes the call at once. Destroying it cancels. Errors with GrpcError, after all messages that came before the failure.
 */
export function readableCall(
  channel: GrpcChannel,
  method: ServiceMethod,
  request: unknown,
  options: ResolvedCallOptions = {},
): MessageReadable<unknown> {
  const readable = new Readable({
    objectMode: true,
    highWaterMark: 1,
    read: () => responses.read(),
    destroy(error, done) {
      call.unsubscribe();
      done(error);
    },
  });
  const responses = new ReadableSink(readable, () => call.request(1));
  const call = new ClientCall(channel, method, options, responses);
  call.start(request, READ_AHEAD_MESSAGES);
  return readable;
}

/** Pushes one response for each `read`, and the end of the call after the last of them. */
class ReadableSink implements ResponseSink {
  readonly #readable: Readable;
  readonly #requestMore: () => void;
  /** Here, and not in the Readable, because that drops its buffer when it is destroyed with an error. */
  readonly #unread: unknown[] = [];
  #reading = false;
  #end: (() => void) | undefined;

  /** `requestMore` is called for every message that leaves. */
  constructor(readable: Readable, requestMore: () => void) {
    this.#readable = readable;
    this.#requestMore = requestMore;
  }

  get closed(): boolean {
    return this.#readable.destroyed;
  }

  next(message: unknown): void {
    this.#unread.push(message);
    this.#push();
  }

  /** On a later turn: the Readable calls `read` before it hands out the message that it holds. */
  error(error: GrpcError): void {
    this.#finish(() => process.nextTick(() => this.#readable.destroy(error)));
  }

  complete(): void {
    this.#finish(() => this.#readable.push(null));
  }

  /** The Readable has room for one more. */
  read(): void {
    this.#reading = true;
    this.#push();
  }

  #finish(end: () => void): void {
    this.#end = end;
    this.#push();
  }

  #push(): void {
    if (!this.#reading || (this.#unread.length === 0 && this.#end === undefined)) return;
    this.#reading = false;
    if (this.#unread.length === 0) return this.#end?.();
    this.#requestMore();
    this.#readable.push(this.#unread.shift());
  }
}
