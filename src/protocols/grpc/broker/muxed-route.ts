import type { Duplex } from 'node:stream';
import { defer, finalize, firstValueFrom, Subject } from 'rxjs';
import { ClosedError, PluginCallError } from '../../../errors.js';
import { Rendezvous } from '../../../streams/rendezvous.js';
import type { Dialer, Listener } from '../../../transports/transport.js';
import { quoteText } from '../../../wire/quote.js';
import type { ConnInfo } from '../gen/internal/plugin/grpc_broker.js';
import type { BrokerLink } from './link.js';
import { discard, type MuxedStreams } from './muxed-streams.js';
import type { BrokerRoute } from './route.js';

export interface MuxedRouteOptions {
  readonly link: BrokerLink;
  readonly streams: MuxedStreams;
  /** How long a knock waits for its answer. */
  readonly timeoutMs: number;
}

/** A stream has no address of its own. */
const NO_ADDRESS = { network: 'unix', address: '' } as const;

/**
 * A knock waits for a listener no longer than this share of the dialer's timeout. With a later answer the dialer has given up, and its
 * next stream would be taken for this id.
 */
const KNOCK_TIMEOUT_SHARE = 0.9;

/** How many closed ids are remembered, so that knocks at them are refused at once. Others time out, as in go-plugin. */
const MAX_CLOSED_IDS = 1024;

/**
 * Brokered connections as streams of the main one. The dialer of an id sends a knock, waits for the answer and opens a stream, which
 * the other side takes for that id (go-plugin grpc_broker.go knock, listenForKnocks).
 */
export class MuxedRoute implements BrokerRoute {
  readonly #link: BrokerLink;
  readonly #streams: MuxedStreams;
  /** Receive the connections, by id. */
  readonly #listeners = new Map<number, Subject<Duplex>>();
  /** Ids whose listener has closed, oldest first. */
  readonly #closedIds = new Set<number>();
  /** The peer's knocks at ids that have no listener yet. */
  readonly #knocks: Rendezvous<ConnInfo>;
  /** The peer's answers to knocks of this side. */
  readonly #answers: Rendezvous<ConnInfo>;
  #isClosed = false;

  constructor({ link, streams, timeoutMs }: MuxedRouteOptions) {
    this.#link = link;
    this.#streams = streams;
    this.#knocks = new Rendezvous({ timeoutMs: timeoutMs * KNOCK_TIMEOUT_SHARE });
    this.#answers = new Rendezvous({
      timeoutMs,
      maxPending: 0,
      onReaped: ({ knock }) => {
        // The answer came too late, and the peer takes the next stream for this id all the same.
        if (knock?.error === '') void streams.openUnused().catch(() => {});
      },
    });
    link.message$.subscribe({ next: (message) => this.#receive(message), complete: () => this.close() });
  }

  get pending(): number {
    return this.#knocks.pending + this.#answers.pending;
  }

  get streams(): number {
    return this.#streams.size;
  }

  async listen(id: number): Promise<Listener> {
    if (this.#isClosed) throw new ClosedError('ERR_CLOSED', 'The broker is closed: it receives no knocks any more.');
    const listener = new Subject<Duplex>();
    const connection$ = defer(() => {
      this.#listeners.set(id, listener);
      this.#closedIds.delete(id);
      if (this.#knocks.takeNow(id) !== undefined) this.#acceptKnock(id, listener);
      return listener.pipe(finalize(() => this.#removeListener(id)));
    });
    return { address: NO_ADDRESS, connection$, close: async () => listener.complete() };
  }

  async dialer(id: number): Promise<Dialer> {
    return { dial: (options) => this.#streams.dial(options, () => this.#knock(id)) };
  }

  close(): void {
    this.#isClosed = true;
    this.#knocks.close();
    this.#answers.close();
    for (const listener of this.#listeners.values()) listener.complete();
  }

  #receive(message: ConnInfo): void {
    const { serviceId: id, knock } = message;
    if (knock?.knock !== true) return;
    const listener = this.#listeners.get(id);
    if (knock.ack) this.#answers.offer(id, message);
    else if (listener !== undefined) this.#acceptKnock(id, listener);
    else if (this.#closedIds.has(id)) this.#answer(id, `no listener for id ${id}`);
    else this.#knocks.offer(id, message);
  }

  /** Expects the stream before answering: the peer opens it as soon as it has the answer. */
  #acceptKnock(id: number, listener: Subject<Duplex>): void {
    this.#streams.expectNext((stream) => {
      if (listener.observed) listener.next(stream);
      else discard(stream);
    });
    this.#answer(id, '');
  }

  #answer(id: number, error: string): void {
    const sent = this.#link.send({ serviceId: id, knock: { knock: true, ack: true, error } });
    // It fails when the link has ended, and the dialer with it.
    sent.catch(() => {});
  }

  #removeListener(id: number): void {
    this.#listeners.delete(id);
    this.#closedIds.add(id);
    const [oldest] = this.#closedIds;
    if (this.#closedIds.size > MAX_CLOSED_IDS && oldest !== undefined) this.#closedIds.delete(oldest);
  }

  async #knock(id: number): Promise<void> {
    const [{ knock }] = await Promise.all([
      firstValueFrom(this.#answers.take(id)),
      this.#link.send({ serviceId: id, knock: { knock: true, ack: false, error: '' } }),
    ]);
    if (knock?.error === '') return;
    throw new PluginCallError(
      'ERR_BROKER',
      `The peer does not accept broker id ${id}: ${quoteText(knock?.error ?? '')}. It has to accept it first, or about the same time.`,
    );
  }
}
