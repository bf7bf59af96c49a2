import { ClosedError, TransportError } from '../../errors.js';
import { onAbort } from '../../streams/on-abort.js';
import type { DialOptions } from '../transport.js';
import { Deadline } from './deadline.js';
import type { YamuxStream } from './stream.js';

/** Ids at and above this one are never used (yamux session.go OpenStream). */
const FIRST_UNUSABLE_ID = 0xfffffffe;
/** More waiting `open` calls than this are a mistake of the caller. */
const MAX_WAITING_OPENS = 65_536;

interface Waiter {
  resolve(stream: YamuxStream): void;
  reject(error: Error): void;
}

export interface OutgoingOptions {
  /** Our first stream id; the others follow in steps of two. */
  readonly firstId: number;
  /** Most streams that are not acknowledged. */
  readonly limit: number;
  readonly openTimeoutMs: number;
  /** Creates the stream and sends SYN. */
  readonly create: (id: number) => YamuxStream;
  /** A stream was not acknowledged in time. */
  readonly onOpenTimeout: (id: number) => void;
}

/**
 * Opens our streams: assigns ids, leaves no more streams unacknowledged than the peer's backlog takes (as Go does, assuming that both ends
 * have the same), and lets further `open` calls wait in order.
 */
export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #unacknowledged = new Map<number, Deadline>();
  readonly #waiters = new Set<Waiter>();
  #nextId: number;
  #refusal: Error | undefined;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#nextId = options.firstId;
  }

  get unacknowledged(): number {
    return this.#unacknowledged.size;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  open(options: DialOptions = {}): Promise<YamuxStream> {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted === true) reject(abortReason(signal));
      else if (this.#waiters.size === 0 && this.#unacknowledged.size < this.#options.limit) {
        this.#create({ resolve, reject });
      } else this.#wait({ resolve, reject }, signal);
    });
  }

  /** The peer has acknowledged the stream, or the stream is over. */
  settle(id: number): void {
    const deadline = this.#unacknowledged.get(id);
    if (deadline === undefined) return;
    deadline.cancel();
    this.#unacknowledged.delete(id);
    for (const waiter of this.#waiters) {
      if (this.#unacknowledged.size >= this.#options.limit) return;
      this.#waiters.delete(waiter);
      this.#create(waiter);
    }
  }

  /** The stream need not be acknowledged any more. It counts until it is over, because it may still be in the peer's backlog. */
  stopDeadline(id: number): void {
    this.#unacknowledged.get(id)?.cancel();
  }

  /** Fails the waiting `open` calls, and every one from here on. The first reason is kept. */
  refuse(reason: Error): void {
    this.#refusal ??= reason;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(this.#refusal);
  }

  /** The session has ended. */
  close(reason: Error): void {
    for (const deadline of this.#unacknowledged.values()) deadline.cancel();
    this.#unacknowledged.clear();
    this.refuse(reason);
  }

  #create(waiter: Waiter): void {
    if (this.#refusal !== undefined) return waiter.reject(this.#refusal);
    const id = this.#nextId;
    if (id >= FIRST_UNUSABLE_ID) return waiter.reject(exhausted());
    this.#nextId += 2;
    const deadline = new Deadline(this.#options.openTimeoutMs, () => this.#options.onOpenTimeout(id));
    deadline.arm();
    this.#unacknowledged.set(id, deadline);
    waiter.resolve(this.#options.create(id));
  }

  #wait(waiter: Waiter, signal: AbortSignal | undefined): void {
    if (this.#refusal !== undefined) return waiter.reject(this.#refusal);
    if (this.#waiters.size >= MAX_WAITING_OPENS) return waiter.reject(overrun());
    if (signal === undefined) {
      this.#waiters.add(waiter);
      return;
    }
    const unwatch = onAbort(signal, () => {
      this.#waiters.delete(signalled);
      waiter.reject(abortReason(signal));
    });
    const signalled: Waiter = {
      resolve: (stream) => {
        unwatch();
        waiter.resolve(stream);
      },
      reject: (error) => {
        unwatch();
        waiter.reject(error);
      },
    };
    this.#waiters.add(signalled);
  }
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  if (reason instanceof Error) return reason;
  return new ClosedError('ERR_ABORTED', 'The opening of a yamux stream was aborted.', { cause: reason });
}

function exhausted(): TransportError {
  return new TransportError(
    'ERR_DIAL',
    'All stream ids of the yamux session are used up: close the session and dial a new connection.',
  );
}

function overrun(): TransportError {
  return new TransportError(
    'ERR_DIAL',
    `${MAX_WAITING_OPENS} streams of the yamux session already wait to be opened: the peer accepts none, or too many are opened at once.`,
  );
}
