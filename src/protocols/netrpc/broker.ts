import type { Duplex } from 'node:stream';
import {
  asyncScheduler,
  firstValueFrom,
  fromEvent,
  map,
  merge,
  Observable,
  type SchedulerLike,
  Subject,
  Subscription,
  switchMap,
  takeUntil,
  tap,
  throwError,
  timer,
} from 'rxjs';
import { PluginCallError } from '../../errors.js';
import { aborted } from '../../streams/aborted.js';
import { Rendezvous } from '../../streams/rendezvous.js';
import type { DialOptions } from '../../transports/transport.js';
import { closeGently } from '../../transports/yamux/close-gently.js';
import type { YamuxSession } from '../../transports/yamux/session.js';
import type { YamuxStream } from '../../transports/yamux/stream.js';
import { BROKER_ID_BYTES, decodeBrokerId, encodeBrokerId } from '../../wire/broker-id.js';
import { exactRead } from './exact-read.js';
import type { Hold } from './hold.js';
import { type NetRpcServerOptions, type NetRpcServing, serveNetRpc } from './rpc-server.js';
import type { NetRpcServices } from './rpc-service.js';

/** How long the two sides of a brokered stream wait for each other. */
export interface MuxBrokerOptions {
  /** How long `accept` waits for a stream, a stream for `accept`, and a stream's opener may take to name its id. @default 5000 ms */
  readonly timeoutMs?: number;
  /** How long `dial` waits for the other side. Longer than that side's own `timeoutMs`. @default 10 000 ms */
  readonly dialTimeoutMs?: number;
  /** Most streams that wait to be accepted; further ones are closed. @default 1024 */
  readonly maxPending?: number;
  /** The clock of its waits, for tests. @default asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

/** The other side has opened a brokered stream. */
export interface BrokerRequest {
  /** Of this side's ids: from `nextId` here. */
  readonly id: number;
}

const TIMEOUT_MS = 5000;
const DIAL_TIMEOUT_MS = 10_000;
const MAX_UINT32 = 0xffffffff;

/**
 * Further connections between host and plugin, inside their yamux session (go-plugin mux_broker.go). One side takes a `nextId`,
 * `accept`s it and tells the other side the number, in the argument of a call for instance; the other side `dial`s it. The Duplex
 * that both get carries what they like, and belongs to whoever got it. An id is used once.
 */
export class MuxBroker {
  /** Incoming streams whose id has been read, hot; replays nothing. Completes with the broker. */
  readonly request$: Observable<BrokerRequest>;
  readonly #session: YamuxSession;
  readonly #hold: Hold | undefined;
  readonly #rendezvous: Rendezvous<YamuxStream>;
  readonly #timeoutMs: number;
  readonly #dialTimeoutMs: number;
  readonly #scheduler: SchedulerLike;
  readonly #requests = new Subject<BrokerRequest>();
  readonly #lifetime = new Subscription();
  #lastId = 0;

  /**
   * The session is borrowed; its incoming streams are the broker's from `start` on. `hold` is taken for what is handed out, until it is
   * closed.
   */
  constructor(session: YamuxSession, options: MuxBrokerOptions = {}, hold?: Hold) {
    const { maxPending, scheduler = asyncScheduler, timeoutMs = TIMEOUT_MS } = options;
    this.#session = session;
    this.#hold = hold;
    this.#timeoutMs = timeoutMs;
    this.#dialTimeoutMs = options.dialTimeoutMs ?? DIAL_TIMEOUT_MS;
    this.#scheduler = scheduler;
    this.#rendezvous = new Rendezvous({
      timeoutMs,
      scheduler,
      ...(maxPending === undefined ? {} : { maxPending }),
      // Its dialer sees the end of the stream in place of the acknowledgement. Go leaves a second one of the same id open for ever.
      onReaped: (stream) => void closeGently(stream),
    });
    this.request$ = this.#requests.asObservable();
  }

  /** Begins to take in streams. */
  start(): void {
    this.#lifetime.add(this.#session.stream$.subscribe((stream) => this.#admit(stream)));
    void this.#session.closed.then(() => this.close());
  }

  /** An id that was not used before by this side. */
  nextId(): number {
    this.#lastId = this.#lastId === MAX_UINT32 ? 1 : this.#lastId + 1;
    return this.#lastId;
  }

  /**
   * The stream with which the other side dials an id of ours. Cold: waits from the subscription on, emits once and completes. Errors with
   * PluginCallError ERR_BROKER_TIMEOUT when nobody dials in time, and ClosedError when the broker is closed.
   */
  accept(id: number): Observable<Duplex> {
    return this.#take(id).pipe(tap((stream) => this.#keep(stream)));
  }

  #take(id: number): Observable<YamuxStream> {
    return this.#rendezvous.take(id).pipe(tap((stream) => void stream.write(encodeBrokerId(id))));
  }

  /** Who was handed a stream waits for what it brings. */
  #keep(stream: YamuxStream): void {
    if (this.#hold === undefined || stream.closed) return;
    this.#hold.take();
    stream.once('close', () => this.#hold?.release());
  }

  /**
   * Connects to an id that the other side accepts. Rejects with PluginCallError ERR_BROKER when it does not, ERR_BROKER_TIMEOUT when it
   * says nothing, with the signal's reason, and with what ended the session.
   */
  async dial(id: number, options: DialOptions = {}): Promise<Duplex> {
    const stream = await this.dialUnheld(id, options);
    this.#keep(stream);
    return stream;
  }

  /** @internal The same, for who takes the hold himself. */
  async dialUnheld(id: number, { signal }: DialOptions = {}): Promise<YamuxStream> {
    const stream = await this.#session.open(signal === undefined ? {} : { signal });
    try {
      stream.write(encodeBrokerId(id));
      const ack = await firstValueFrom(this.#acknowledgement(stream, id, signal), { defaultValue: undefined });
      if (ack === id) return stream;
      if (ack !== undefined) throw badAcknowledgement(id, ack);
      throw stream.errored ?? refused(id);
    } catch (error) {
      void closeGently(stream);
      throw error;
    }
  }

  /**
   * Accepts an id and serves net/rpc on its stream. Cold: emits the serving once the other side has dialed, completes when the stream
   * has ended; unsubscribing ends it. Errors as `accept` does.
   */
  acceptAndServe(id: number, services: NetRpcServices, options: NetRpcServerOptions = {}): Observable<NetRpcServing> {
    return this.#take(id).pipe(
      switchMap(
        (stream) =>
          new Observable<NetRpcServing>((subscriber) => {
            const serving = serveNetRpc(stream, services, options);
            subscriber.next(serving);
            void serving.ended.then(() => subscriber.complete());
            return () => void serving.close();
          }),
      ),
    );
  }

  /** Who waits for a stream fails, streams that wait are closed. Those that were handed out stay open. Idempotent. */
  close(): void {
    this.#lifetime.unsubscribe();
    this.#rendezvous.close();
    this.#requests.complete();
  }

  /** Each stream names its id in its own time: a silent one holds up no other, as it would in Go. */
  #admit(stream: YamuxStream): void {
    let isOffered = false;
    const reading = exactRead(stream, BROKER_ID_BYTES)
      .pipe(takeUntil(timer(this.#timeoutMs, this.#scheduler)), map(decodeBrokerId))
      .subscribe({
        next: (id) => {
          isOffered = true;
          this.#requests.next({ id });
          this.#rendezvous.offer(id, stream);
        },
      });
    reading.add(() => {
      if (!isOffered) void closeGently(stream);
    });
    this.#lifetime.add(reading);
  }

  #acknowledgement(stream: Duplex, id: number, signal: AbortSignal | undefined): Observable<number> {
    const late$ = timer(this.#dialTimeoutMs, this.#scheduler).pipe(
      switchMap(() => throwError(() => nobodyAnswered(id, this.#dialTimeoutMs))),
    );
    const broken$ = fromEvent(stream, 'error').pipe(switchMap((error) => throwError(() => error)));
    return exactRead(stream, BROKER_ID_BYTES).pipe(
      map(decodeBrokerId),
      takeUntil(signal === undefined ? merge(late$, broken$) : merge(late$, broken$, aborted(signal))),
    );
  }
}

function refused(id: number): PluginCallError {
  return new PluginCallError(
    'ERR_BROKER',
    `The other side closed the stream to broker id ${id} without accepting it: it has to accept the id within 5 s, and use each id once.`,
  );
}

function badAcknowledgement(id: number, ack: number): PluginCallError {
  return new PluginCallError('ERR_BROKER', `The other side acknowledged broker id ${ack}, expected ${id}: bad ack.`);
}

function nobodyAnswered(id: number, timeoutMs: number): PluginCallError {
  return new PluginCallError(
    'ERR_BROKER_TIMEOUT',
    `The other side did not acknowledge broker id ${id} within ${timeoutMs} ms.`,
  );
}
