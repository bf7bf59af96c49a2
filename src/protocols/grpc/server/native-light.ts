import type { StatusObject, sendUnaryData } from '@grpc/grpc-js';
import { type Metadata, status as Status } from '../shared/grpc-js.js';
import type { NativeCall } from './native-call.js';
import { handlerStatus, okStatus } from './native-status.js';

/** A method whose handler needs no more of a call than a `LightCall` has. */
export interface LightMethod {
  readonly path: string;
  readonly run: (call: LightCall, respond: sendUnaryData<unknown>) => void;
}

/**
 * A call with one request for a handler of ours: what the handler's context, its answer and the writer of its responses need of a
 * grpc-js call, without the EventEmitter and the Writable that users' handlers get. One object for each call.
 */
export class LightCall {
  request: unknown = undefined;
  readonly #method: LightMethod;
  readonly #native: NativeCall;
  #requests = 0;
  #onCancelled: (() => void) | undefined;

  constructor(method: LightMethod, native: NativeCall) {
    this.#method = method;
    this.#native = native;
  }

  get metadata(): Metadata {
    return this.#native.metadata;
  }

  getPath(): string {
    return this.#method.path;
  }

  getPeer(): string {
    return this.#native.getPeer();
  }

  getDeadline(): number {
    return this.#native.getDeadline();
  }

  sendMetadata(metadata: Metadata): void {
    this.#native.sendMetadata(metadata);
  }

  /** There is one who listens: the handler's context. */
  once(_event: 'cancelled', listener: () => void): void {
    this.#onCancelled = listener;
  }

  write(message: unknown, written: () => void): boolean {
    this.#native.sendMessage(message, written);
    return true;
  }

  end(trailers?: Metadata): void {
    this.#native.sendStatus(okStatus(trailers));
  }

  emit(_event: 'error', status: StatusObject): boolean {
    this.#native.sendStatus(status);
    return true;
  }

  onReceiveMetadata(): void {
    this.#native.startRead();
  }

  onReceiveMessage(message: unknown): void {
    this.#requests += 1;
    if (this.#requests > 1) return this.#refuse('a second request message');
    this.request = message;
    this.#native.startRead();
  }

  onReceiveHalfClose(): void {
    if (this.#requests === 0) this.#refuse('no request message');
    else this.#method.run(this, this.#respond);
  }

  onCancel(): void {
    this.#onCancelled?.();
  }

  readonly #respond: sendUnaryData<unknown> = (error, value, trailers) => {
    if (error) return this.#native.sendStatus(handlerStatus(error, trailers));
    this.#native.sendMessage(value, () => this.#native.sendStatus(okStatus(trailers)));
  };

  #refuse(what: string): void {
    const details = `Received ${what} for the method ${this.#method.path}, which takes one`;
    this.#native.sendStatus({ code: Status.UNIMPLEMENTED, details });
  }
}
