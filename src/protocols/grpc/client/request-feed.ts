import { from, isObservable, type ObservableInput } from 'rxjs';
import { status as Status } from '../shared/grpc-js.js';
import type { GrpcCall } from './channel.js';

/** What an Observable of requests may run ahead of the connection: it cannot be told to wait. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** Feeds a call with requests until they end, fail, or the call does. */
export interface RequestFeed {
  /** The call has room again. */
  onDrain(): void;
  /** The call is over: unsubscribes, or returns the iterator. Idempotent. */
  stop(): void;
}

/** How requests become bytes, and who is told when that fails. */
export interface RequestFeedOptions {
  /** Undefined when the request cannot be encoded, which has ended the call. */
  readonly encode: (input: unknown) => Uint8Array | undefined;
  /** The source failed. */
  readonly fail: (cause: unknown) => void;
}

/**
 * Sends a stream of requests. What can be pulled (AsyncIterable, so every Readable, and Iterable) goes at the pace of the
 * connection; an Observable sets its own, and ends the call with RESOURCE_EXHAUSTED when more than 16 MiB of it wait.
 */
export function feedRequests(
  source: ObservableInput<unknown>,
  call: GrpcCall,
  options: RequestFeedOptions,
): RequestFeed {
  if (!isObservable(source)) {
    if (Symbol.asyncIterator in source) return pull(source[Symbol.asyncIterator](), call, options);
    if (Symbol.iterator in source) return pull(source[Symbol.iterator](), call, options);
  }
  return push(source, call, options);
}

function push(source: ObservableInput<unknown>, call: GrpcCall, { encode, fail }: RequestFeedOptions): RequestFeed {
  let waitingBytes = 0;
  let full = false;
  const next = (input: unknown) => {
    const framed = encode(input);
    if (framed === undefined) return;
    if (full) waitingBytes += framed.length;
    full = !call.write(framed) || full;
    if (waitingBytes <= MAX_WAITING_BYTES) return;
    call.cancel(Status.RESOURCE_EXHAUSTED, `More than ${MAX_WAITING_BYTES} bytes of requests wait to be sent.`);
  };
  const subscription = from(source).subscribe({ next, error: fail, complete: () => call.end() });
  return {
    onDrain() {
      full = false;
      waitingBytes = 0;
    },
    stop: () => subscription.unsubscribe(),
  };
}

function pull(
  iterator: Iterator<unknown> | AsyncIterator<unknown>,
  call: GrpcCall,
  { encode, fail }: RequestFeedOptions,
): RequestFeed {
  let stopped = false;
  let wake = () => {};
  const room = () => new Promise<void>((resolve) => (wake = resolve));
  const run = async () => {
    while (!stopped) {
      const next = iterator.next();
      // What need not be waited for is not: an iteration of its own for each message costs as much as encoding it.
      const step = 'then' in next ? await next : next;
      if (stopped) break;
      if (step.done === true) return call.end();
      const framed = encode(step.value);
      if (framed !== undefined && !call.write(framed)) await room();
    }
  };
  run().catch(fail);
  return {
    onDrain: () => wake(),
    stop() {
      if (stopped) return;
      stopped = true;
      wake();
      // A source that fails while it is being stopped has nobody left to tell.
      void (async () => iterator.return?.())().catch(() => {});
    },
  };
}
