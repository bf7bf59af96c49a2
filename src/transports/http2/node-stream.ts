import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { Http2ErrorCode } from '../../wire/http2/frames.js';
import type { HeaderList, Http2Stream, Http2StreamEvents } from './engine.js';

const END_STREAM = 1;
const NO_ERROR = Http2ErrorCode.noError;
const CANCEL = Http2ErrorCode.cancel;
/** Received bytes that nobody has consumed, from which on node:http2 stops giving window to the peer. */
const PAUSE_AT_BYTES = 64 * 1024;
/** node's own mark of 16 KiB would wait for a drain after every message of a stream. */
const WRITE_MARK_BYTES = 256 * 1024;

/** One stream of node:http2 behind our interface. `onOver` is called once, when no more events will come. */
export class NodeHttp2Stream implements Http2Stream {
  readonly #stream: ClientHttp2Stream;
  readonly #events: Http2StreamEvents;
  readonly #session: ClientHttp2Session;
  readonly #onOver: (stream: NodeHttp2Stream) => void;
  #trailers: HeaderList | undefined;
  #unconsumed = 0;
  #paused = false;
  #needDrain = false;
  #over = false;
  #readEnded = false;

  constructor(
    session: ClientHttp2Session,
    headers: OutgoingHttpHeaders,
    endStream: boolean,
    events: Http2StreamEvents,
    onOver: (stream: NodeHttp2Stream) => void,
  ) {
    const stream = session.request(headers, { endStream });
    this.#session = session;
    this.#stream = stream;
    this.#events = events;
    this.#onOver = onOver;
    stream
      .on('response', (_headers, flags, raw?: HeaderList) => this.#onHeaders(raw!, (flags & END_STREAM) !== 0))
      .on('trailers', (_headers, _flags, raw?: HeaderList) => {
        this.#trailers = raw!;
      })
      .on('end', () => this.#onReadEnd())
      .on('drain', () => this.#onDrain())
      .on('error', () => {})
      .on('close', () => this.#onClose());
  }

  sendHeaders(): void {
    throw new TypeError('A client gives its headers to open().');
  }

  sendTrailers(): void {
    throw new TypeError('A gRPC client sends no trailers.');
  }

  write(chunk: Uint8Array, endStream = false): boolean {
    const stream = this.#stream;
    if (stream.closed || stream.destroyed || stream.writableEnded) return true;
    if (endStream) stream.end(chunk);
    else stream.write(chunk);
    this.#needDrain = stream.writableLength >= WRITE_MARK_BYTES;
    return !this.#needDrain;
  }

  end(): void {
    if (!this.#stream.writableEnded && !this.#stream.destroyed) this.#stream.end();
  }

  reset(code: number): void {
    this.#finish();
    this.#stream.close(code);
  }

  consume(bytes: number): void {
    this.#unconsumed -= bytes;
    if (!this.#paused || this.#unconsumed >= PAUSE_AT_BYTES) return;
    this.#paused = false;
    this.#stream.resume();
  }

  /** The session is over and this stream with it. */
  sessionEnded(error: Error): void {
    if (this.#finish()) this.#events.onReset(CANCEL, error);
  }

  /** Only now may data flow: node emits `response` a tick late, after data that came in the same packet. */
  #onHeaders(headers: HeaderList, endStream: boolean): void {
    if (this.#over) return;
    this.#events.onHeaders(headers, endStream);
    if (endStream) this.#finish();
    else if (!this.#over) this.#stream.on('data', (chunk: Buffer) => this.#onData(chunk));
  }

  #onData(chunk: Buffer): void {
    if (this.#over) return;
    this.#unconsumed += chunk.length;
    this.#events.onData(chunk, false);
    if (this.#unconsumed < PAUSE_AT_BYTES || this.#over) return;
    this.#paused = true;
    this.#stream.pause();
  }

  /** node ends the Readable of a stream that was reset or lost as well: without trailers, `close` says which. */
  #onReadEnd(): void {
    this.#readEnded = true;
    if (this.#over || (this.#trailers === undefined && this.#stream.closed)) return;
    if (this.#trailers !== undefined) this.#events.onTrailers(this.#trailers);
    this.#finishWell();
  }

  #onDrain(): void {
    if (!this.#needDrain || this.#over) return;
    this.#needDrain = false;
    this.#events.onDrain();
  }

  /** When the session went as well, node makes a CANCEL of it: `sessionEnded` knows better. */
  #onClose(): void {
    const code = this.#stream.rstCode ?? CANCEL;
    if (code === NO_ERROR && this.#readEnded) this.#finishWell();
    else if (!this.#session.destroyed && this.#finish()) this.#events.onReset(code);
  }

  #finishWell(): void {
    if (this.#finish()) this.#events.onEnd();
  }

  /** True the first time. What may still arrive is let through to nobody, so that node can free the stream. */
  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#stream.resume();
    this.#onOver(this);
    return true;
  }
}
