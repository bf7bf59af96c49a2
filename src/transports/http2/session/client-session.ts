import type { Duplex } from 'node:stream';
import { ClosedError, ProtocolError } from '../../../errors.js';
import { Http2ErrorCode, http2Error, MAX_STREAM_ID } from '../../../wire/http2/frames.js';
import { assertEncodable } from '../../../wire/http2/hpack-encoder.js';
import type { HeaderList, Http2ClientSession, Http2SessionEvents, Http2Stream, Http2StreamEvents } from '../engine.js';
import type { ResolvedHttp2Options } from '../options.js';
import { SessionStream } from '../stream/stream.js';
import { goAwayError } from './go-away.js';
import { CONCURRENCY_BEFORE_SETTINGS } from './peer-settings.js';
import type { Role } from './role.js';
import { Session } from './session.js';

/** The end of a connection that opens streams. */
export class ClientSession implements Http2ClientSession, Role {
  readonly server = false;
  readonly lastPeerStreamId = 0;
  readonly #session: Session;
  readonly #events: Http2SessionEvents;
  /** Requests over the peer's concurrency limit, oldest first. */
  readonly #waiting = new Map<SessionStream, HeaderList>();
  #maxConcurrentStreams = CONCURRENCY_BEFORE_SETTINGS;
  #nextStreamId = 1;
  #closing = false;
  #goneAway = false;

  constructor(connection: Duplex, events: Http2SessionEvents, options: ResolvedHttp2Options) {
    this.#events = events;
    this.#session = new Session(connection, this, events, options);
  }

  get usable(): boolean {
    return !this.#closing && !this.#session.ended;
  }

  open(headers: HeaderList, events: Http2StreamEvents, endStream = false): Http2Stream {
    if (!this.usable) throw new ClosedError('ERR_CLOSED', 'The HTTP/2 session takes no more streams. Dial anew.');
    const stream = new SessionStream(this.#session, events, this.#session.options.streamWindowBytes, endStream);
    const room = this.#waiting.size === 0 && this.#session.streams.size < this.#maxConcurrentStreams;
    if (room) this.#start(stream, headers);
    else this.#wait(stream, headers);
    return stream;
  }

  ping(timeoutMs: number): Promise<number> {
    return this.#session.pings.ping(timeoutMs);
  }

  close(): Promise<void> {
    this.#closing = true;
    this.#session.excused = true;
    this.#finishWhenIdle();
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
    return streamId >= this.#nextStreamId || streamId % 2 === 0;
  }

  /** Headers or trailers of a stream that is closed. */
  onHeaders(streamId: number): void {
    if (!this.isIdle(streamId)) return this.#session.onLateFrame(streamId);
    throw http2Error(Http2ErrorCode.protocolError, `HEADERS are on stream ${streamId}, which is idle`);
  }

  onStreamOver(): void {
    if (this.#waiting.size > 0) this.#startWaiting();
    if (this.#closing) this.#finishWhenIdle();
  }

  onWaitingReset(stream: SessionStream): void {
    this.#waiting.delete(stream);
    if (this.#closing) this.#finishWhenIdle();
  }

  onSettings(maxConcurrentStreams: number): void {
    this.#maxConcurrentStreams = maxConcurrentStreams;
    this.#startWaiting();
  }

  /** Streams beyond the last one were not looked at: REFUSED_STREAM says that they may be tried again elsewhere. */
  onGoAway(lastStreamId: number, code: number, debugData: Uint8Array): void {
    this.#closing = true;
    if (code === Http2ErrorCode.noError) this.#session.excused = true;
    else this.#session.blame(goAwayError(code, debugData));
    if (!this.#goneAway) this.#events.onGoAway?.(code);
    this.#goneAway = true;
    this.#refuseWaiting();
    for (const stream of this.#session.streams.all()) {
      if (stream.id > lastStreamId) this.#session.onPeerReset(stream, Http2ErrorCode.refusedStream);
    }
    this.#finishWhenIdle();
  }

  onEnded(cause: Error): void {
    this.#refuseWaiting(cause);
  }

  #start(stream: SessionStream, headers: HeaderList): void {
    const block = this.#session.encoder.encode(headers);
    stream.start(this.#nextStreamId, this.#session.peerWindowBytes);
    this.#nextStreamId += 2;
    this.#session.streams.add(stream);
    stream.begin(block);
    if (this.#nextStreamId > MAX_STREAM_ID) this.#retire();
  }

  #wait(stream: SessionStream, headers: HeaderList): void {
    assertEncodable(headers);
    const { maxWaitingStreams } = this.#session.options;
    if (this.#waiting.size >= maxWaitingStreams) {
      const text = `The peer allows ${this.#maxConcurrentStreams} streams at once, and ${maxWaitingStreams} more wait already.`;
      throw new ProtocolError('ERR_LIMIT_EXCEEDED', text);
    }
    this.#waiting.set(stream, headers);
  }

  #startWaiting(): void {
    for (const [stream, headers] of this.#waiting) {
      if (this.#session.streams.size >= this.#maxConcurrentStreams) return;
      this.#waiting.delete(stream);
      this.#start(stream, headers);
    }
  }

  #refuseWaiting(cause?: Error): void {
    const waiting = [...this.#waiting.keys()];
    this.#waiting.clear();
    for (const stream of waiting) {
      stream.abandon();
      stream.events.onReset(Http2ErrorCode.refusedStream, cause);
    }
  }

  /** All ids are used up. */
  #retire(): void {
    this.#closing = true;
    this.#session.excused = true;
    this.#events.onGoAway?.(Http2ErrorCode.noError);
    this.#refuseWaiting();
  }

  #finishWhenIdle(): void {
    if (this.#session.streams.size === 0 && this.#waiting.size === 0) this.#session.finish();
  }
}
