import { from, isObservable, type ObservableInput } from 'rxjs';
import { setImmediate } from '../../../streams/turns.js';
import { status as Status } from '../shared/grpc-js.js';
import type { GrpcCall } from './channel.js';

/** Most bytes of requests that an Observable may emit ahead of the connection: it has no backpressure. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/**
 * Most bytes that an iterator which is always ready sends before the event loop runs: otherwise an endless generator fills the whole window
 * of its stream before the answer, or the end of the call, is read.
 */
const TURN_BYTES = 64 * 1024;
/** What a request costs besides its bytes, so that empty ones count as well. */
const MESSAGE_COST_BYTES = 64;

/** A source of requests that is being sent. */
export interface RequestFeed {
  /** The connection takes more. */
  onDrain(): void;
  /** Unsubscribes from the source, or returns the iterator. Idempotent. */
  stop(): void;
}

/** How requests are encoded, and how failures are reported. */
export interface RequestFeedOptions {
  /** Returns undefined after it has ended the call, because the request cannot be encoded. */
  readonly encode: (input: unknown) => Uint8Array | undefined;
  /** The source failed. */
  readonly fail: (cause: unknown) => void;
}

/**
 * Sends a stream of requests. An AsyncIterable (every Readable is one) or Iterable is pulled at the pace of the connection. An Observable
 * is not: the call ends with RESOURCE_EXHAUSTED when more than 16 MiB of its requests wait.
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
    let turnBytes = 0;
    while (!stopped) {
      const next = iterator.next();
      // Awaiting a value that is there already would cost as much as encoding it.
      const step = 'then' in next ? await next : next;
      if (stopped) break;
      if (step.done === true) return call.end();
      const framed = encode(step.value);
      if (framed === undefined) continue;
      turnBytes += framed.length + MESSAGE_COST_BYTES;
      if (!call.write(framed)) await room();
      if (turnBytes < TURN_BYTES) continue;
      turnBytes = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  run().catch(fail);
  return {
    onDrain: () => wake(),
    stop() {
      if (stopped) return;
      stopped = true;
      wake();
      // The call has ended; a failure of `return` is dropped.
      void (async () => iterator.return?.())().catch(() => {});
    },
  };
}
