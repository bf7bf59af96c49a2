import type { Duplex } from 'node:stream';
import { Http2ErrorCode, http2Error, MAX_STREAM_ID } from '../../../wire/http2/frames.js';
import type {
  HeaderList,
  Http2ServerSession,
  Http2SessionEvents,
  Http2StreamEvents,
  Http2StreamHandler,
} from '../engine.js';
import type { ResolvedHttp2Options } from '../options.js';
import { contentLengthOf, findFault } from '../stream/header-rules.js';
import { SessionStream } from '../stream/stream.js';
import { goAwayError } from './go-away.js';
import type { Role } from './role.js';
import { Session } from './session.js';

/** How long the peer may take to confirm that it has read the first GOAWAY. */
const GO_AWAY_TIMEOUT_MS = 1000;

const { protocolError, streamClosed, refusedStream, noError } = Http2ErrorCode;

/** The end of a connection that accepts streams. */
export class ServerSession implements Http2ServerSession, Role {
  readonly server = true;
  lastPeerStreamId = 0;
  /** Also what came too late to be accepted. */
  #highestStreamId = 0;
  readonly #session: Session;
  readonly #handler: Http2StreamHandler;
  readonly #events: Http2SessionEvents;
  #closing = false;
  /** The last GOAWAY is out: streams beyond it are ignored. */
  #drained = false;

  constructor(
    connection: Duplex,
    handler: Http2StreamHandler,
    events: Http2SessionEvents,
    options: ResolvedHttp2Options,
  ) {
    this.#handler = handler;
    this.#events = events;
    this.#session = new Session(connection, this, events, options);
  }

  get openStreams(): number {
    return this.#session.streams.size;
  }

  ping(timeoutMs: number): Promise<number> {
    return this.#session.pings.ping(timeoutMs);
  }

  /**
   * In two steps (RFC 9113 §6.8): a GOAWAY that refuses nothing yet, and once the peer has read it, the one that names the last
   * stream. So no stream is lost that was on its way.
   */
  close(): Promise<void> {
    if (!this.#closing && !this.#session.ended) {
      this.#closing = true;
      this.#session.excused = true;
      this.#session.control.goAway(MAX_STREAM_ID, noError);
      const drain = () => this.#drain();
      this.#session.pings.ping(GO_AWAY_TIMEOUT_MS).then(drain, drain);
    }
    return this.#session.closed;
  }

  destroy(error?: Error): void {
    this.#session.destroy(error);
  }

  ref(): void {
    this.#session.ref();
  }

  unref(): void {
    this.#session.unref();
  }

  isIdle(streamId: number): boolean {
    return streamId > this.#highestStreamId || streamId % 2 === 0;
  }

  onHeaders(streamId: number, list: HeaderList, endStream: boolean, fault: number): void {
    if (streamId % 2 === 0) throw http2Error(protocolError, `a client opens stream ${streamId}, which is even`);
    if (streamId <= this.#highestStreamId) {
      // Trailers may be late. A request cannot: ids only grow.
      if (list[0]?.startsWith(':') !== true) return this.#session.onLateFrame(streamId);
      throw http2Error(streamClosed, `a client opens stream ${streamId} after stream ${this.#highestStreamId}`);
    }
    this.#highestStreamId = streamId;
    if (this.#drained) return;
    this.lastPeerStreamId = streamId;
    const code = fault === 0 ? this.#judge(list, endStream) : fault;
    if (code === 0) this.#accept(streamId, list, endStream);
    else this.#session.refuse(streamId, code);
  }

  onStreamOver(): void {
    if (this.#drained && this.openStreams === 0) this.#session.finish();
  }

  onWaitingReset(): void {}

  onSettings(): void {}

  onGoAway(_lastStreamId: number, code: number, debugData: Uint8Array): void {
    if (code === noError) this.#session.excused = true;
    else this.#session.blame(goAwayError(code, debugData));
    this.#events.onGoAway?.(code);
  }

  onEnded(): void {}

  #judge(list: HeaderList, endStream: boolean): number {
    if (findFault('request', list) !== undefined) return protocolError;
    if (endStream && contentLengthOf(list) > 0) return protocolError;
    return this.openStreams < this.#session.options.maxConcurrentStreams ? 0 : refusedStream;
  }

  #accept(streamId: number, list: HeaderList, endStream: boolean): void {
    const stream = new SessionStream(this.#session, UNHEARD, this.#session.options.streamWindowBytes, false);
    stream.start(streamId, this.#session.peerWindowBytes);
    stream.begun = true;
    stream.remoteEnded = endStream;
    if (!endStream) stream.announce(contentLengthOf(list));
    this.#session.streams.add(stream);
    const events = this.#handler(stream, list, endStream);
    stream.events = events;
    // What happened while the handler ran was heard by nobody.
    if (stream.localEnded) events.onFinish?.();
    else if (this.#session.ended) events.onReset(Http2ErrorCode.cancel, this.#session.cause);
  }

  #drain(): void {
    if (this.#session.ended) return;
    this.#drained = true;
    this.#session.control.goAway(this.lastPeerStreamId, noError);
    this.onStreamOver();
  }
}

/** Hears nothing: stands in until the handler has returned its receiver. */
const UNHEARD: Http2StreamEvents = {
  onHeaders: () => {},
  onData: () => {},
  onTrailers: () => {},
  onEnd: () => {},
  onReset: () => {},
  onDrain: () => {},
};
