import type { Duplex } from 'node:stream';
import { type Observable, Subject } from 'rxjs';
import { untilAborted } from '../../../streams/until-aborted.js';
import type { DialOptions } from '../../../transports/transport.js';
import type { YamuxCounts, YamuxSession } from '../../../transports/yamux/session.js';

export interface MuxedStreamsOptions {
  /** How long an expected stream is waited for. */
  readonly expectMs: number;
  /** Called with every stream that was opened, before it is handed out. */
  readonly onOpened?: (stream: Duplex) => void;
}

type StreamReceiver = (stream: Duplex) => void;

/**
 * The yamux streams of a main connection that also carries brokered connections. go-plugin: a stream does not say what it is for. The
 * next one after a knock belongs to that knock, and a stream without a knock is a main channel (grpcmux/grpc_server_muxer.go).
 */
export class MuxedStreams {
  /** Streams of the peer without a knock, hot. Each belongs to the subscriber, and is destroyed if there is none. */
  readonly mainStream$: Observable<Duplex>;
  readonly #mainStreams = new Subject<Duplex>();
  readonly #session: Promise<YamuxSession>;
  #counts: () => YamuxCounts | undefined = () => undefined;
  readonly #options: MuxedStreamsOptions;
  /** Receives the peer's next stream. */
  #expected: { readonly receive: StreamReceiver; readonly expiry: NodeJS.Timeout } | undefined;
  /** Settles when the last dial has opened its stream. */
  #lastDial: Promise<unknown> = Promise.resolve();

  /** `session` is borrowed; its incoming streams are owned. */
  constructor(session: Promise<YamuxSession>, options: MuxedStreamsOptions) {
    this.#session = session;
    this.#options = options;
    this.mainStream$ = this.#mainStreams.asObservable();
    session.then(
      (established) => this.#attach(established),
      () => this.#onEnd(),
    );
  }

  /** Streams that are open on either end. */
  get size(): number {
    return this.#counts()?.streams ?? 0;
  }

  /**
   * Opens a stream. Dials run one after the other, so that the next stream after `announce` is this one. An announced stream is opened
   * even if the dial was aborted meanwhile: the peer expects it, and would take the next one for it.
   */
  dial({ signal }: DialOptions = {}, announce?: () => Promise<void>): Promise<Duplex> {
    const opened = this.#lastDial.then(async () => {
      signal?.throwIfAborted();
      const session = await this.#session;
      await announce?.();
      const stream = await session.open();
      this.#options.onOpened?.(stream);
      return stream;
    });
    this.#lastDial = opened.catch(() => {});
    return untilAborted(opened, signal).catch((error: unknown) => {
      opened.then(discard, () => {});
      throw error;
    });
  }

  /** Opens a stream and closes it, for a peer that expects one. */
  async openUnused(): Promise<void> {
    const session = await this.#session;
    discard(await session.open());
  }

  /**
   * The peer's next stream goes to `receive`. An earlier expectation is given up: the peer opens each stream before it sends the next
   * knock, so that one will not come.
   */
  expectNext(receive: StreamReceiver): void {
    this.#expectNothing();
    const expiry = setTimeout(() => this.#expectNothing(), this.#options.expectMs);
    expiry.unref();
    this.#expected = { receive, expiry };
  }

  #attach(session: YamuxSession): void {
    this.#counts = () => session.counts;
    session.stream$.subscribe({ next: (stream) => this.#onStream(stream), complete: () => this.#onEnd() });
  }

  #onStream(stream: Duplex): void {
    const expected = this.#expected;
    this.#expectNothing();
    if (expected !== undefined) expected.receive(stream);
    else if (this.#mainStreams.observed) this.#mainStreams.next(stream);
    else discard(stream);
  }

  #onEnd(): void {
    this.#expectNothing();
    this.#mainStreams.complete();
  }

  #expectNothing(): void {
    clearTimeout(this.#expected?.expiry);
    this.#expected = undefined;
  }
}

/** Destroys a stream that nobody uses. */
export function discard(stream: Duplex): void {
  stream.on('error', () => {});
  stream.destroy();
}
