import type { Duplex } from 'node:stream';
import { type Observable, Subject } from 'rxjs';
import { untilAborted } from '../../../streams/until-aborted.js';
import type { DialOptions } from '../../../transports/transport.js';
import type { YamuxCounts, YamuxSession } from '../../../transports/yamux/session.js';

export interface MuxedStreamsOptions {
  /** How long a claim waits for its stream. */
  readonly claimMs: number;
  /** Called with every stream that was opened, before it is handed out. */
  readonly onOpened?: (stream: Duplex) => void;
}

type Take = (stream: Duplex) => void;

/**
 * The streams of a main connection that carries the brokered ones too. go-plugin: nothing on a stream says what it is for. A knock
 * claims the next one that comes, and a stream for which nobody knocked is the main channel's (grpcmux/grpc_server_muxer.go).
 */
export class MuxedStreams {
  /** Streams of the peer that nobody claimed, hot; each belongs to the subscriber, and is destroyed where there is none. */
  readonly unclaimed$: Observable<Duplex>;
  readonly #unclaimed = new Subject<Duplex>();
  readonly #session: Promise<YamuxSession>;
  #counts: () => YamuxCounts | undefined = () => undefined;
  readonly #options: MuxedStreamsOptions;
  #claim: { readonly take: Take; readonly expiry: NodeJS.Timeout } | undefined;
  /** Resolves when the last dial that was begun is through. */
  #turn: Promise<unknown> = Promise.resolve();

  /** `session` is borrowed, its incoming streams are not. */
  constructor(session: Promise<YamuxSession>, options: MuxedStreamsOptions) {
    this.#session = session;
    this.#options = options;
    this.unclaimed$ = this.#unclaimed.asObservable();
    session.then(
      (established) => this.#attach(established),
      () => this.#onEnd(),
    );
  }

  /** Streams that are not over for both ends. */
  get size(): number {
    return this.#counts()?.streams ?? 0;
  }

  /**
   * Opens a stream, one dial after the other, so that what comes to the peer after `announce` is this one. An announced stream is
   * opened even if the dial has been given up meanwhile: the peer counts on it, and would take the next one for it.
   */
  dial({ signal }: DialOptions = {}, announce?: () => Promise<void>): Promise<Duplex> {
    const opened = this.#turn.then(async () => {
      signal?.throwIfAborted();
      const session = await this.#session;
      await announce?.();
      const stream = await session.open();
      this.#options.onOpened?.(stream);
      return stream;
    });
    this.#turn = opened.catch(() => {});
    return untilAborted(opened, signal).catch((error: unknown) => {
      // A stream that comes all the same is of no use.
      opened.then(discard, () => {});
      throw error;
    });
  }

  /** Opens a stream that nobody wants, for a peer that waits for one. */
  async spend(): Promise<void> {
    const session = await this.#session;
    discard(await session.open());
  }

  /**
   * The peer's next stream is the claimant's. A claim that waits already is given up: the peer opens a stream before it announces the
   * next, so it will not come any more.
   */
  claimNext(take: Take): void {
    this.#dropClaim();
    const expiry = setTimeout(() => this.#dropClaim(), this.#options.claimMs);
    expiry.unref();
    this.#claim = { take, expiry };
  }

  #attach(session: YamuxSession): void {
    this.#counts = () => session.counts;
    session.stream$.subscribe({ next: (stream) => this.#onStream(stream), complete: () => this.#onEnd() });
  }

  #onStream(stream: Duplex): void {
    const claim = this.#claim;
    this.#dropClaim();
    if (claim !== undefined) claim.take(stream);
    else if (this.#unclaimed.observed) this.#unclaimed.next(stream);
    else discard(stream);
  }

  #onEnd(): void {
    this.#dropClaim();
    this.#unclaimed.complete();
  }

  #dropClaim(): void {
    clearTimeout(this.#claim?.expiry);
    this.#claim = undefined;
  }
}

/** Ends a stream that has no use. */
export function discard(stream: Duplex): void {
  stream.on('error', () => {});
  stream.destroy();
}
