import { Readable } from 'node:stream';
import { Observable } from 'rxjs';
import { setImmediate } from '../../../streams/turns.js';
import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import type { MessageReadable } from '../shared/service-definition.js';
import type { ServerCall } from './call.js';

/** The call whose requests are read. */
interface RequestsCall {
  readonly path: string;
  readonly over: boolean;
  /** Why it ended without an answer; undefined while it runs and after an answer. */
  readonly failure: GrpcError | undefined;
}

/** The reader of the requests. */
interface Reader {
  next(message: unknown): void;
  complete(): void;
  error(failure: GrpcError): void;
}

/**
 * The requests of a call, as an Observable or as a Readable; one reader can have them. Nothing is read before the first use, and one
 * message after the other: the caller has to wait for a reader that stops.
 */
export class RequestStream {
  readonly #call: ServerCall;
  readonly #context: RequestsCall;
  #taken = false;
  #halfClosed = false;
  #reader: Reader | undefined;
  #readable: MessageReadable<unknown> | undefined;

  constructor(call: ServerCall, context: RequestsCall) {
    this.#call = call;
    this.#context = context;
  }

  /** Completes when the caller is done; errors with GrpcError when the call ends first. Unsubscribing stops reading. */
  observable(): Observable<unknown> {
    return new Observable((subscriber) => {
      this.#take({
        next: (message) => {
          subscriber.next(message);
          if (!subscriber.closed) this.#call.startRead();
        },
        complete: () => subscriber.complete(),
        error: (failure) => subscriber.error(failure),
      });
      if (subscriber.closed) return;
      subscriber.add(() => this.#leave());
      this.#call.startRead();
    });
  }

  /** May be destroyed without harm to the responses. */
  readable(): MessageReadable<unknown> {
    this.#readable ??= this.#makeReadable();
    return this.#readable;
  }

  onMessage(message: unknown): void {
    this.#reader?.next(message);
  }

  /** node:http2 and grpc-js end the request before they reset it: a cancellation may follow in the same turn. */
  onHalfClose(): void {
    this.#halfClosed = true;
    setImmediate(() => {
      if (!this.#call.over) this.#finish();
    });
  }

  /** The call is over. */
  onClose(): void {
    this.#finish();
  }

  #finish(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (this.#halfClosed && this.#context.failure === undefined) reader?.complete();
    else reader?.error(this.#cutOff());
  }

  #makeReadable(): MessageReadable<unknown> {
    let begun = false;
    const readable = new Readable({
      objectMode: true,
      highWaterMark: 1,
      read: () => {
        if (!begun) this.#take(reader);
        begun = true;
        if (!readable.destroyed) this.#call.startRead();
      },
      destroy: (error, done) => {
        if (begun) this.#leave();
        done(error);
      },
    });
    const reader: Reader = {
      next: (message) => void readable.push(message),
      complete: () => void readable.push(null),
      error: (failure) => void readable.destroy(failure),
    };
    return readable;
  }

  #take(reader: Reader): void {
    if (this.#taken) return reader.error(this.#takenTwice());
    this.#taken = true;
    if (this.#context.over) return reader.error(this.#cutOff());
    this.#reader = reader;
  }

  #leave(): void {
    this.#reader = undefined;
  }

  #takenTwice(): GrpcError {
    const detail = `The requests of ${this.#context.path} can be subscribed to once: multicast them.`;
    return new GrpcError(Status.INTERNAL, detail);
  }

  #cutOff(): GrpcError {
    const detail = `The call of ${this.#context.path} was over before all of its requests were read.`;
    return this.#context.failure ?? new GrpcError(Status.CANCELLED, detail);
  }
}
