import type { Duplex } from 'node:stream';
import {
  asyncScheduler,
  firstValueFrom,
  fromEvent,
  map,
  merge,
  Observable,
  of,
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
import { closeGracefully } from '../../transports/yamux/close-gracefully.js';
import type { YamuxSession } from '../../transports/yamux/session.js';
import type { YamuxStream } from '../../transports/yamux/stream.js';
import { BROKER_ID_BYTES, decodeBrokerId, encodeBrokerId } from '../../wire/broker-id.js';
import type { BrokerKnock } from '../broker-request.js';
import { exactRead } from './exact-read.js';
import { LendingBroker } from './lend.js';
import type { MuxBrokerOptions } from './mux-broker.js';
import type { RefCount } from './ref-count.js';
import { type NetRpcServerOptions, serveNetRpc } from './rpc-server.js';
import type { NetRpcServices } from './rpc-service.js';

const TIMEOUT_MS = 5000;
const DIAL_TIMEOUT_MS = 10_000;
const MAX_UINT32 = 0xffffffff;

/** What a broker uses of the connection that it belongs to. */
export interface YamuxBrokerConnection {
  /** Borrowed; its incoming streams are the broker's from `start` on. */
  readonly session: YamuxSession;
  /** Referenced for every stream that was handed out, until the stream is closed. */
  readonly refs?: RefCount;
}

/** A MuxBroker over a yamux session. */
export class YamuxBroker extends LendingBroker {
  readonly requests$: Observable<BrokerKnock>;
  readonly #session: YamuxSession;
  readonly #refs: RefCount | undefined;
  readonly #rendezvous: Rendezvous<YamuxStream>;
  readonly #timeoutMs: number;
  readonly #dialTimeoutMs: number;
  readonly #scheduler: SchedulerLike;
  readonly #requests = new Subject<BrokerKnock>();
  readonly #lifetime = new Subscription();
  #lastId = 0;

  constructor({ session, refs }: YamuxBrokerConnection, options: MuxBrokerOptions = {}) {
    super();
    const { maxPending, scheduler = asyncScheduler, timeoutMs = TIMEOUT_MS } = options;
    this.#session = session;
    this.#refs = refs;
    this.#timeoutMs = timeoutMs;
    this.#dialTimeoutMs = options.dialTimeoutMs ?? DIAL_TIMEOUT_MS;
    this.#scheduler = scheduler;
    this.#rendezvous = new Rendezvous({
      timeoutMs,
      scheduler,
      ...(maxPending === undefined ? {} : { maxPending }),
      // The dialer reads the end of the stream in place of the acknowledgement. Go leaves a second stream of one id open for ever.
      onReaped: (stream) => void closeGracefully(stream),
    });
    this.requests$ = this.#requests.asObservable();
  }

  /** Begins to take in streams. */
  start(): void {
    this.#lifetime.add(this.#session.stream$.subscribe((stream) => this.#onStream(stream)));
    void this.#session.closed.then(() => this.close());
  }

  nextId(): number {
    this.#lastId = this.#lastId === MAX_UINT32 ? 1 : this.#lastId + 1;
    return this.#lastId;
  }

  accept(id: number): Observable<Duplex> {
    return this.#acceptStream(id).pipe(tap((stream) => this.#refWhileOpen(stream)));
  }

  acceptAndServe(id: number, services: NetRpcServices, options: NetRpcServerOptions = {}): Observable<number> {
    const serving$ = this.#acceptStream(id).pipe(
      switchMap(
        (stream) =>
          new Observable<never>((subscriber) => {
            const serving = serveNetRpc(stream, services, options);
            void serving.ended.then(() => subscriber.complete());
            return () => void serving.close();
          }),
      ),
    );
    // In this order: the id is accepted before it is emitted.
    return merge(serving$, of(id));
  }

  async dial(id: number, options: DialOptions = {}): Promise<Duplex> {
    const stream = await this.dialWithoutRef(id, options);
    this.#refWhileOpen(stream);
    return stream;
  }

  /** The same without the reference; for a caller that counts its own. */
  async dialWithoutRef(id: number, { signal }: DialOptions = {}): Promise<YamuxStream> {
    const stream = await this.#session.open(signal === undefined ? {} : { signal });
    try {
      stream.write(encodeBrokerId(id));
      const ack = await firstValueFrom(this.#acknowledgement(stream, id, signal), { defaultValue: undefined });
      if (ack === id) return stream;
      if (ack !== undefined) throw badAcknowledgement(id, ack);
      throw stream.errored ?? notAccepted(id);
    } catch (error) {
      void closeGracefully(stream);
      throw error;
    }
  }

  /** Fails pending accepts and closes streams that were not accepted yet. Streams that were handed out stay open. Idempotent. */
  close(): void {
    this.#lifetime.unsubscribe();
    this.#rendezvous.close();
    this.#requests.complete();
  }

  #acceptStream(id: number): Observable<YamuxStream> {
    return this.#rendezvous.take(id).pipe(tap((stream) => void stream.write(encodeBrokerId(id))));
  }

  #refWhileOpen(stream: YamuxStream): void {
    if (this.#refs === undefined || stream.closed) return;
    this.#refs.ref();
    stream.once('close', () => this.#refs?.unref());
  }

  /** Streams are read independently: one that does not send its id blocks no other, as it would in Go. */
  #onStream(stream: YamuxStream): void {
    let isOffered = false;
    const reading = exactRead(stream, BROKER_ID_BYTES)
      .pipe(takeUntil(timer(this.#timeoutMs, this.#scheduler)), map(decodeBrokerId))
      .subscribe({
        next: (id) => {
          isOffered = true;
          this.#requests.next({ kind: 'knock', id });
          this.#rendezvous.offer(id, stream);
        },
      });
    reading.add(() => {
      if (!isOffered) void closeGracefully(stream);
    });
    this.#lifetime.add(reading);
  }

  #acknowledgement(stream: Duplex, id: number, signal: AbortSignal | undefined): Observable<number> {
    const late$ = timer(this.#dialTimeoutMs, this.#scheduler).pipe(
      switchMap(() => throwError(() => notAcknowledged(id, this.#dialTimeoutMs))),
    );
    const broken$ = fromEvent(stream, 'error').pipe(switchMap((error) => throwError(() => error)));
    return exactRead(stream, BROKER_ID_BYTES).pipe(
      map(decodeBrokerId),
      takeUntil(signal === undefined ? merge(late$, broken$) : merge(late$, broken$, aborted(signal))),
    );
  }
}

function notAccepted(id: number): PluginCallError {
  return new PluginCallError(
    'ERR_BROKER',
    `The other side closed the stream to broker id ${id} without accepting it: it has to accept the id within 5 s, and use each id once.`,
  );
}

function badAcknowledgement(id: number, ack: number): PluginCallError {
  return new PluginCallError('ERR_BROKER', `The other side acknowledged broker id ${ack}, expected ${id}: bad ack.`);
}

function notAcknowledged(id: number, timeoutMs: number): PluginCallError {
  return new PluginCallError(
    'ERR_BROKER_TIMEOUT',
    `The other side did not acknowledge broker id ${id} within ${timeoutMs} ms.`,
  );
}
