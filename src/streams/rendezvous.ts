import {
  asyncScheduler,
  defer,
  finalize,
  type Observable,
  of,
  type SchedulerLike,
  Subject,
  type Subscription,
  throwError,
  timeout,
} from 'rxjs';
import { ClosedError, PluginCallError } from '../errors.js';

/** How long and how many wait, and who gets what nobody took. */
export interface RendezvousOptions<T> {
  /** How long either side waits for the other, in milliseconds (go-plugin grpc_broker.go, mux_broker.go: 5 s). @default 5000 */
  readonly timeoutMs?: number;
  /** Most offers that may wait; a further one is refused. The peer chooses the ids, so this bounds what it can make us hold. @default 1024 */
  readonly maxPending?: number;
  /** Receives what nobody took: too late, too many, a second one for the same id, or left over at the close. Must not throw. */
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
 * The waiting room in which two sides meet by id: one offers a value, the other takes it, in any order, within a bound. One value and
 * one taker per id at a time.
 */
export class Rendezvous<T> {
  readonly #timeoutMs: number;
  readonly #maxPending: number;
  readonly #onReaped: (value: T, id: number) => void;
  readonly #scheduler: SchedulerLike;
  readonly #offers = new Map<number, Offer<T>>();
  readonly #takers = new Map<number, Subject<T>>();
  #closedBy: ClosedError | undefined;

  constructor(options: RendezvousOptions<T> = {}) {
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#maxPending = options.maxPending ?? MAX_PENDING;
    this.#onReaped = options.onReaped ?? (() => {});
    this.#scheduler = options.scheduler ?? asyncScheduler;
  }

  /** Offers that nobody has taken, and takers who wait. */
  get pending(): number {
    return this.#offers.size + this.#takers.size;
  }

  /** Gives a value to who waits for the id, or keeps it for who will. False when it was reaped at once. */
  offer(id: number, value: T): boolean {
    const taker = this.#takers.get(id);
    if (taker !== undefined) {
      this.#takers.delete(id);
      taker.next(value);
      taker.complete();
      return true;
    }
    if (this.#closedBy !== undefined || this.#offers.has(id) || this.#offers.size >= this.#maxPending) {
      this.#onReaped(value, id);
      return false;
    }
    const expiry = this.#scheduler.schedule(() => this.#expire(id), this.#timeoutMs);
    this.#offers.set(id, { value, expiry });
    return true;
  }

  /**
   * The value offered for the id. Cold: waits from the subscription on, takes one value and completes; unsubscribing leaves the id to
   * others. Errors with PluginCallError ERR_BROKER_TIMEOUT when nobody came in time, ERR_BROKER when the id is awaited already, and
   * ClosedError ERR_CLOSED.
   */
  take(id: number): Observable<T> {
    return defer(() => {
      const offer = this.#claim(id);
      if (offer !== undefined) return of(offer.value);
      const closedBy = this.#closedBy;
      if (closedBy !== undefined) return throwError(() => closedBy);
      if (this.#takers.has(id)) return throwError(() => awaitedTwice(id));
      return this.#await(id);
    });
  }

  /** The value offered for the id, if it is there already. */
  takeNow(id: number): T | undefined {
    return this.#claim(id)?.value;
  }

  /** Fails those who wait, reaps what was offered, refuses what comes. Idempotent. */
  close(): void {
    if (this.#closedBy !== undefined) return;
    const error = new ClosedError('ERR_CLOSED', 'The broker was closed: its plugin connection has ended.');
    this.#closedBy = error;
    for (const { expiry } of this.#offers.values()) expiry.unsubscribe();
    for (const id of this.#offers.keys()) this.#expire(id);
    const takers = [...this.#takers.values()];
    this.#takers.clear();
    for (const taker of takers) taker.error(error);
  }

  #claim(id: number): Offer<T> | undefined {
    const offer = this.#offers.get(id);
    this.#offers.delete(id);
    offer?.expiry.unsubscribe();
    return offer;
  }

  #await(id: number): Observable<T> {
    const taker = new Subject<T>();
    this.#takers.set(id, taker);
    return taker.pipe(
      timeout({
        first: this.#timeoutMs,
        scheduler: this.#scheduler,
        with: () => throwError(() => nobodyCame(id, this.#timeoutMs)),
      }),
      finalize(() => {
        if (this.#takers.get(id) === taker) this.#takers.delete(id);
      }),
    );
  }

  #expire(id: number): void {
    const offer = this.#offers.get(id);
    if (offer === undefined) return;
    this.#offers.delete(id);
    this.#onReaped(offer.value, id);
  }
}

function nobodyCame(id: number, timeoutMs: number): PluginCallError {
  return new PluginCallError(
    'ERR_BROKER_TIMEOUT',
    `The other side did not come to broker id ${id} within ${timeoutMs} ms: it has to accept and dial the same id, and use each id once.`,
  );
}

function awaitedTwice(id: number): PluginCallError {
  return new PluginCallError('ERR_BROKER', `Broker id ${id} is awaited already: take a new id for every connection.`);
}
