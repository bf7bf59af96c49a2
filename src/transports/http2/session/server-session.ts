import type { Duplex } from 'node:stream';
import { Http2ErrorCode, http2Error, MAX_STREAM_ID } from '../../../wire/http2/frames.js';
import type {
  HeaderList,
  Http2ServerSession,
  Http2SessionEvents,
  Http2StreamEvents,
  Http2StreamHandler,
} from '../interfaces.js';
import type { ResolvedHttp2Options } from '../options.js';
import { contentLengthOf, findFault } from '../stream/header-rules.js';
import { Session } from './session.js';

/** How long the peer may take to confirm that it has read the first GOAWAY. */
const GO_AWAY_TIMEOUT_MS = 1000;

const { protocolError, refusedStream, noError, cancel } = Http2ErrorCode;

/** The end of a connection that accepts streams. */
export class ServerSession extends Session implements Http2ServerSession {
  readonly #handler: Http2StreamHandler;
  #closing = false;
  /** The last GOAWAY was sent: streams beyond it are ignored. */
  #lastGoAwaySent = false;

  constructor(
    connection: Duplex,
    handler: Http2StreamHandler,
    events: Http2SessionEvents,
    options: ResolvedHttp2Options,
  ) {
    super(connection, true, events, options);
    this.#handler = handler;
  }

  get openStreams(): number {
    return this.streams.size;
  }

  receivers(): Http2StreamEvents[] {
    return this.streams.all().map(({ events }) => events);
  }

  /**
   * In two steps (RFC 9113 §6.8), so that no stream is lost that is on its way: a GOAWAY that refuses nothing yet and, once the peer has
   * read it, one that names the last stream.
   */
  close(): Promise<void> {
    if (!this.#closing && !this.ended) {
      this.#closing = true;
      this.closingCleanly = true;
      this.sender.sendGoAway(MAX_STREAM_ID, noError);
      const sendLast = () => this.#sendLastGoAway();
      this.ping(GO_AWAY_TIMEOUT_MS).then(sendLast, sendLast);
    }
    return this.closed;
  }

  protected override onIdleStream(streamId: number, list: HeaderList, endStream: boolean, errorCode: number): void {
    if (streamId % 2 === 0) throw http2Error(protocolError, `a client opens stream ${streamId}, which is even`);
    if (this.#lastGoAwaySent) return this.streams.use(streamId);
    this.lastAcceptedId = streamId;
    const code = errorCode === 0 ? this.#validateRequest(list, endStream) : errorCode;
    if (code === 0) return this.#accept(streamId, list, endStream);
    this.streams.use(streamId);
    this.streams.refuse(streamId, code);
  }

  protected override onStreamClosed(): void {
    if (this.#lastGoAwaySent && this.openStreams === 0) this.finish();
  }

  /** Returns the code of a stream error, or 0. */
  #validateRequest(list: HeaderList, endStream: boolean): number {
    if (findFault('request', list) !== undefined) return protocolError;
    if (endStream && contentLengthOf(list) > 0) return protocolError;
    return this.openStreams < this.options.maxConcurrentStreams ? 0 : refusedStream;
  }

  #accept(streamId: number, list: HeaderList, endStream: boolean): void {
    const stream = this.streams.create(NO_EVENTS, false);
    this.streams.open(stream, streamId);
    stream.receiveRequest(list, endStream);
    const events = this.#handler(stream, list, endStream);
    stream.events = events;
    // Events that came before the handler returned.
    if (stream.state.localEnded) events.onFinish?.();
    else if (this.ended) events.onReset(cancel, this.cause);
  }

  #sendLastGoAway(): void {
    if (this.ended) return;
    this.#lastGoAwaySent = true;
    this.sender.sendGoAway(this.lastAcceptedId, noError);
    this.onStreamClosed();
  }
}

/** Receives the events of a stream until the handler has returned its receiver. */
const NO_EVENTS: Http2StreamEvents = {
  onHeaders: () => {},
  onData: () => {},
  onTrailers: () => {},
  onEnd: () => {},
  onReset: () => {},
  onDrain: () => {},
};
