import type { Duplex } from 'node:stream';
import { ClosedError, ProtocolError, TransportError } from '../../../errors.js';
import { Http2ErrorCode, http2Error, MAX_STREAM_ID } from '../../../wire/http2/frames.js';
import { assertEncodable } from '../../../wire/http2/hpack-encoder.js';
import type {
  HeaderList,
  Http2ClientSession,
  Http2SessionEvents,
  Http2Stream,
  Http2StreamEvents,
} from '../interfaces.js';
import type { ResolvedHttp2Options } from '../options.js';
import type { SessionStream } from '../stream/stream.js';
import { Session } from './session.js';
import { CONCURRENCY_BEFORE_SETTINGS } from './settings.js';

const { noError, protocolError, refusedStream } = Http2ErrorCode;

/** The end of a connection that opens streams. */
export class ClientSession extends Session implements Http2ClientSession {
  /** Streams over the peer's concurrency limit, with their request headers, the oldest first. */
  readonly #waiting = new Map<SessionStream, HeaderList>();
  #maxConcurrentStreams = CONCURRENCY_BEFORE_SETTINGS;
  #nextStreamId = 1;
  /** Opens no more streams. */
  #closing = false;

  constructor(connection: Duplex, events: Http2SessionEvents, options: ResolvedHttp2Options) {
    super(connection, false, events, options);
  }

  get usable(): boolean {
    return !this.#closing && !this.ended;
  }

  open(headers: HeaderList, events: Http2StreamEvents, endStream = false): Http2Stream {
    if (!this.usable) throw new ClosedError('ERR_CLOSED', 'The HTTP/2 session takes no more streams. Dial anew.');
    const stream = this.streams.create(events, endStream);
    if (this.#waiting.size === 0 && this.streams.size < this.#maxConcurrentStreams) this.#start(stream, headers);
    else this.#wait(stream, headers);
    return stream;
  }

  close(): Promise<void> {
    this.#closing = true;
    this.closingCleanly = true;
    this.#finishWhenIdle();
    return this.closed;
  }

  leave(): void {
    void this.close();
    if (this.ended) return;
    this.ping(this.options.keepAliveTimeoutMs).catch((cause: unknown) => {
      if (this.ended) return;
      const text = 'The peer was silent throughout a call and did not answer a PING then.';
      this.destroy(new TransportError('ERR_CONNECTION_LOST', text, { cause }));
    });
  }

  /** The peer is told, as by grpc-go: a server cannot tell the end of a connection from its loss otherwise. */
  override destroy(error?: Error): void {
    if (!this.ended) this.sender.sendGoAway(this.lastAcceptedId, noError);
    super.destroy(error);
  }

  /** Streams beyond the last one were not processed: REFUSED_STREAM says that they may be tried again elsewhere. */
  override onGoAway(lastStreamId: number, code: number, debugData: Uint8Array): void {
    this.#closing = true;
    super.onGoAway(lastStreamId, code, debugData);
    this.#refuseWaiting();
    for (const stream of this.streams.all()) if (stream.id > lastStreamId) stream.receiveReset(refusedStream);
    this.#finishWhenIdle();
  }

  protected override onIdleStream(streamId: number): void {
    throw http2Error(protocolError, `HEADERS is on stream ${streamId}, which is idle`);
  }

  protected override onStreamClosed(stream: SessionStream): void {
    this.#waiting.delete(stream);
    if (this.#waiting.size > 0) this.#startWaiting();
    if (this.#closing) this.#finishWhenIdle();
  }

  protected override onPeerConcurrency(maxConcurrentStreams: number): void {
    this.#maxConcurrentStreams = maxConcurrentStreams;
    this.#startWaiting();
  }

  protected override onEnded(): void {
    if (this.#waiting.size > 0) this.#refuseWaiting(this.cause);
  }

  #start(stream: SessionStream, headers: HeaderList): void {
    const block = this.sender.encoder.encode(headers);
    this.streams.open(stream, this.#nextStreamId);
    this.#nextStreamId += 2;
    stream.sendRequest(block);
    if (this.#nextStreamId > MAX_STREAM_ID) this.#retire();
  }

  #wait(stream: SessionStream, headers: HeaderList): void {
    assertEncodable(headers);
    const { maxWaitingStreams } = this.options;
    if (this.#waiting.size >= maxWaitingStreams) {
      const text = `The peer allows ${this.#maxConcurrentStreams} streams at once, and ${maxWaitingStreams} more wait already.`;
      throw new ProtocolError('ERR_LIMIT_EXCEEDED', text);
    }
    this.#waiting.set(stream, headers);
  }

  #startWaiting(): void {
    for (const [stream, headers] of this.#waiting) {
      if (this.streams.size >= this.#maxConcurrentStreams) return;
      this.#waiting.delete(stream);
      this.#start(stream, headers);
    }
  }

  #refuseWaiting(cause?: Error): void {
    const waiting = [...this.#waiting.keys()];
    this.#waiting.clear();
    for (const stream of waiting) if (stream.disconnect()) stream.events.onReset(refusedStream, cause);
  }

  /** All ids are used up. */
  #retire(): void {
    this.#closing = true;
    this.closingCleanly = true;
    this.reportGoAway(noError);
    this.#refuseWaiting();
  }

  #finishWhenIdle(): void {
    if (this.streams.size === 0 && this.#waiting.size === 0) this.finish();
  }
}
