import { defaultIfEmpty, isObservable, type Observable, type Subscription, take } from 'rxjs';
import { isPromiseLike } from '../../streams/is-promise-like.js';
import type { NetRpcRequestHeader } from '../../wire/net-rpc.js';
import type { NetRpcCall, NetRpcHandler } from './rpc-service.js';

/** Receives the result of a call: one of the two is called, once. */
export interface CallOutcome {
  reply(value: unknown): void;
  fail(error: unknown): void;
}

/** A request that is being handled. */
export class ServerCall implements NetRpcCall {
  readonly header: NetRpcRequestHeader;
  readonly handler: NetRpcHandler;
  readonly signal: AbortSignal;
  /** To be called when the reply has been written. */
  #callbacks: (() => void)[] = [];

  constructor(header: NetRpcRequestHeader, handler: NetRpcHandler, signal: AbortSignal) {
    this.header = header;
    this.handler = handler;
    this.signal = signal;
  }

  get serviceMethod(): string {
    return this.header.ServiceMethod;
  }

  afterReply(callback: () => void): void {
    this.#callbacks.push(callback);
  }

  get hasCallbacks(): boolean {
    return this.#callbacks.length > 0;
  }

  /** Once: later there are none. */
  runCallbacks(): void {
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  }

  /** Runs the handler. Returns the subscription to its Observable, if it gives one; a Promise cannot be cancelled. */
  run(args: unknown, outcome: CallOutcome): Subscription | undefined {
    let result: unknown;
    try {
      result = this.handler.handle(args, this);
    } catch (error) {
      outcome.fail(error);
      return undefined;
    }
    if (isObservable(result)) return this.#observe(result, outcome);
    if (!isPromiseLike(result)) outcome.reply(result);
    else
      result.then(
        (value) => outcome.reply(value),
        (error: unknown) => outcome.fail(error),
      );
    return undefined;
  }

  #observe(result$: Observable<unknown>, outcome: CallOutcome): Subscription {
    return result$.pipe(take(1), defaultIfEmpty(NOTHING)).subscribe({
      next: (value) =>
        value === NOTHING ? outcome.fail(`${this.serviceMethod} completed without a reply`) : outcome.reply(value),
      error: (error: unknown) => outcome.fail(error),
    });
  }
}

const NOTHING = Symbol('nothing');
