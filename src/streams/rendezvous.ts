import { asyncScheduler, Observable, type SchedulerLike, type Subscriber, type Subscription } from 'rxjs';
import { ClosedError, PluginCallError } from '../errors.js';

/** Limits of a rendezvous, and what becomes of values that were not taken. */
export interface RendezvousOptions<T> {
  /** How long an offer is kept and a taker waits, in milliseconds (go-plugin grpc_broker.go, mux_broker.go: 5 s). @default 5000 */
  readonly timeoutMs?: number;
  /** Most offers that are kept; a further one is refused. The peer chooses the ids, so this bounds the memory it can take. @default 1024 */
  readonly maxPending?: number;
  /** Receives values that were not taken: expired, over the limit, second ones for the same id, or left at the close. Must not throw. */
  readonly onReaped?: (value: T, id: number) => void;
  /** @default asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

interface Offer<T> {
  readonly value: T;
  readonly expiry: Subscription;
}

const TIMEOUT_MS = 5_000;
const MAX_PENDING = 1_024;

/**
 * Hands values over by id: one side offers a value, the other takes it, in either order, within a timeout. There is one offer and one
 * taker per id at a time.
 */
export class Rendezvous<T> {
  readonly #timeoutMs: number;
  readonly #maxPending: number;
  readonly #onReaped: (value: T, id: number) => void;
  readonly #scheduler: SchedulerLike;
  readonly #offers = new Map<number, Offer<T>>();
  readonly #takers = new Map<number, Subscriber<T>>();
  #isClosed = false;

  constructor(options: RendezvousOptions<T> = {}) {
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#maxPending = options.maxPending ?? MAX_PENDING;
    this.#onReaped = options.onReaped ?? (() => {});
    this.#scheduler = options.scheduler ?? asyncScheduler;
  }

  /** How many offers and takers are waiting. */
  get pending(): number {
    return this.#offers.size + this.#takers.size;
  }

  /** Gives the value to the taker of the id, or keeps it until there is one. False when it was reaped at once. */
  offer(id: number, value: T): boolean {
    const taker = this.#takers.get(id);
    if (taker !== undefined) {
      this.#takers.delete(id);
      taker.next(value);
      taker.complete();
      return true;
    }
    if (this.#isClosed || this.#offers.has(id) || this.#offers.size >= this.#maxPending) {
      this.#onReaped(value, id);
      return false;
    }
    const expiry = this.#scheduler.schedule(() => this.#expire(id), this.#timeoutMs);
    this.#offers.set(id, { value, expiry });
    return true;
  }

  /**
   * The value offered for the id. Cold: waits from the subscription on, emits one value and completes; unsubscribing stops waiting.
   * Errors with PluginCallError ERR_BROKER_TIMEOUT when no value was offered in time, ERR_BROKER when the id has a taker already, and
   * ClosedError ERR_CLOSED.
   */
  take(id: number): Observable<T> {
    return new Observable((subscriber) => {
      const offer = this.#claim(id);
      if (offer === undefined) return this.#await(id, subscriber);
      subscriber.next(offer.value);
      subscriber.complete();
      return undefined;
    });
  }

  /** The value offered for the id, if there is one now. */
  takeNow(id: number): T | undefined {
    return this.#claim(id)?.value;
  }

  /** Fails the takers, reaps the offers, refuses further ones. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { expiry } of this.#offers.values()) expiry.unsubscribe();
    for (const id of this.#offers.keys()) this.#expire(id);
    const takers = [...this.#takers.values()];
    this.#takers.clear();
    for (const taker of takers) taker.error(closed());
  }

  #claim(id: number): Offer<T> | undefined {
    const offer = this.#offers.get(id);
    this.#offers.delete(id);
    offer?.expiry.unsubscribe();
    return offer;
  }

  /** Returns what ends the wait. */
  #await(id: number, taker: Subscriber<T>): (() => void) | undefined {
    if (this.#isClosed || this.#takers.has(id)) {
      taker.error(this.#isClosed ? closed() : alreadyAwaited(id));
      return undefined;
    }
    this.#takers.set(id, taker);
    const expiry = this.#scheduler.schedule(() => taker.error(notOffered(id, this.#timeoutMs)), this.#timeoutMs);
    return () => {
      expiry.unsubscribe();
      if (this.#takers.get(id) === taker) this.#takers.delete(id);
    };
  }

  #expire(id: number): void {
    const offer = this.#offers.get(id);
    if (offer === undefined) return;
    this.#offers.delete(id);
    this.#onReaped(offer.value, id);
  }
}

function closed(): ClosedError {
  return new ClosedError('ERR_CLOSED', 'The broker was closed: its plugin connection has ended.');
}

function notOffered(id: number, timeoutMs: number): PluginCallError {
  return new PluginCallError(
    'ERR_BROKER_TIMEOUT',
    `The peer did not use broker id ${id} within ${timeoutMs} ms. One side accepts an id and the other dials it; each id is used once.`,
  );
}

function alreadyAwaited(id: number): PluginCallError {
  return new PluginCallError('ERR_BROKER', `Broker id ${id} is awaited already. Take a new id for each connection.`);
}
