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

/** The peer is told none, and has no use for one. */
const NO_ADDRESS = { network: 'unix', address: '' } as const;

/** Of the time that a dialer waits, how much a knock may wait here: an answer that comes too late would claim another's stream. */
const PATIENCE = 0.9;

/** How many ids are remembered that nobody listens at any more; a knock at an older one is not answered, as in go-plugin. */
const MAX_LEFT = 1024;

/**
 * Brokered connections are streams of the main one. Whoever dials an id knocks, waits for the answer, and opens a stream, which the
 * other side takes for that id (go-plugin grpc_broker.go knock, listenForKnocks).
 */
export class MuxedRoute implements BrokerRoute {
  readonly #link: BrokerLink;
  readonly #streams: MuxedStreams;
  /** Who listens, by id. */
  readonly #doors = new Map<number, Subject<Duplex>>();
  /** Ids at which somebody listened last, oldest first: a knock there is refused at once. */
  readonly #left = new Set<number>();
  /** The peer's knocks at ids that nobody listens at yet. */
  readonly #knocks: Rendezvous<ConnInfo>;
  /** The peer's answers, one awaited at a time. */
  readonly #answers: Rendezvous<ConnInfo>;
  #isClosed = false;

  constructor({ link, streams, timeoutMs }: MuxedRouteOptions) {
    this.#link = link;
    this.#streams = streams;
    this.#knocks = new Rendezvous({ timeoutMs: timeoutMs * PATIENCE });
    this.#answers = new Rendezvous({
      timeoutMs,
      maxPending: 0,
      onReaped: ({ knock }) => {
        // It came too late. The peer takes its next stream for this id all the same.
        if (knock?.error === '') void streams.spend().catch(() => {});
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
    if (this.#isClosed) throw new ClosedError('ERR_CLOSED', 'The broker is closed: nobody can knock at it any more.');
    const door = new Subject<Duplex>();
    const connection$ = defer(() => {
      this.#doors.set(id, door);
      this.#left.delete(id);
      if (this.#knocks.takeNow(id) !== undefined) this.#admit(id, door);
      return door.pipe(finalize(() => this.#leave(id)));
    });
    return { address: NO_ADDRESS, connection$, close: async () => door.complete() };
  }

  async dialer(id: number): Promise<Dialer> {
    return { dial: (options) => this.#streams.dial(options, () => this.#knock(id)) };
  }

  close(): void {
    this.#isClosed = true;
    this.#knocks.close();
    this.#answers.close();
    for (const door of this.#doors.values()) door.complete();
  }

  #receive(message: ConnInfo): void {
    const { serviceId: id, knock } = message;
    if (knock?.knock !== true) return;
    const door = this.#doors.get(id);
    if (knock.ack) this.#answers.offer(id, message);
    else if (door !== undefined) this.#admit(id, door);
    else if (this.#left.has(id)) this.#answer(id, `no listener for id ${id}`);
    else this.#knocks.offer(id, message);
  }

  /** The claim first: the peer opens its stream as soon as it has the answer. */
  #admit(id: number, door: Subject<Duplex>): void {
    this.#streams.claimNext((stream) => {
      if (door.observed) door.next(stream);
      else discard(stream);
    });
    this.#answer(id, '');
  }

  #answer(id: number, error: string): void {
    const answer = this.#link.send({ serviceId: id, knock: { knock: true, ack: true, error } });
    // Without a link there is nobody to answer.
    answer.catch(() => {});
  }

  #leave(id: number): void {
    this.#doors.delete(id);
    this.#left.add(id);
    const [oldest] = this.#left;
    if (this.#left.size > MAX_LEFT && oldest !== undefined) this.#left.delete(oldest);
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
