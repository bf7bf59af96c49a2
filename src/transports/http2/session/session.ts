import type { Duplex } from 'node:stream';
import { ClosedError, PluginError, ProtocolError, TransportError } from '../../../errors.js';
import { FrameDecoder } from '../../../wire/http2/frame-decoder.js';
import type { ConnectionFrameSink } from '../../../wire/http2/frame-sink.js';
import { Http2ErrorCode, http2Error, Setting } from '../../../wire/http2/frames.js';
import { Sender } from '../flow/sender.js';
import type { HeaderList, Http2Session, Http2SessionEvents } from '../interfaces.js';
import { maxHeaderBlockBytes } from '../limits.js';
import type { ResolvedHttp2Options } from '../options.js';
import type { SessionStream } from '../stream/stream.js';
import { Streams } from '../stream/streams.js';
import { Connection } from './connection.js';
import { connectionError, goAwayError, internalError, MAX_REASON } from './errors.js';
import { KeepAlive } from './keep-alive.js';
import { Pings } from './pings.js';
import { encodeConnectionPreface, PeerSettings } from './settings.js';

const { noError, protocolError, flowControlError, cancel } = Http2ErrorCode;

/** One HTTP/2 connection: what client and server have in common. Acts on the frames of stream 0; those of streams go to `streams`. */
export abstract class Session implements Http2Session, ConnectionFrameSink {
  protected readonly options: ResolvedHttp2Options;
  protected readonly streams: Streams;
  protected readonly sender: Sender;
  /** Resolves when the connection is closed. */
  protected readonly closed: Promise<void>;
  /** GOAWAY was exchanged; closing is not an error. */
  protected closingCleanly = false;
  /** No frame is received or sent any more, and every stream is closed. */
  protected ended = false;
  /** The peer's highest stream that was accepted, for GOAWAY: 0 for a client. */
  protected lastAcceptedId = 0;
  readonly #server: boolean;
  readonly #connection: Connection;
  readonly #events: Http2SessionEvents;
  readonly #decoder: FrameDecoder;
  readonly #pings: Pings;
  readonly #keepAlive: KeepAlive;
  readonly #peerSettings = new PeerSettings();
  #ready = false;
  #goAwayReceived = false;
  #closeReported = false;
  #cause: Error | undefined;
  #resolveClosed: () => void = () => {};

  constructor(connection: Duplex, server: boolean, events: Http2SessionEvents, options: ResolvedHttp2Options) {
    this.options = options;
    this.#server = server;
    this.#events = events;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#connection = new Connection(connection, {
      onChunk: (chunk, transient) => this.#onChunk(chunk, transient),
      onEnd: () => this.#onEnd(),
      onDrain: () => this.sender.onDrained(),
      onClose: (error) => this.#onClose(error),
    });
    const { outbox } = this.#connection;
    this.sender = new Sender(outbox);
    this.#pings = new Pings((data) => this.sender.sendPing(false, data, 0));
    this.streams = new Streams({
      server,
      options,
      sender: this.sender,
      onIdleStream: (streamId, list, endStream, code) => this.onIdleStream(streamId, list, endStream, code),
      onClosed: (stream) => this.onStreamClosed(stream),
    });
    this.#keepAlive = new KeepAlive({
      ...options,
      received: () => this.#connection.received,
      mayPing: () => server || options.keepAliveWithoutStreams || this.streams.size > 0,
      ping: (timeoutMs) => this.ping(timeoutMs),
      fail: (error) => this.#fail(error),
    });
    this.#decoder = new FrameDecoder(this.streams, this, {
      expectPreface: server,
      maxFrameBytes: options.maxFrameBytes,
      maxHeaderBlockBytes: maxHeaderBlockBytes(options),
    });
    outbox.push(encodeConnectionPreface(server, options));
    outbox.flush();
    this.#connection.start();
  }

  get peerMaxHeaderListBytes(): number {
    return this.#peerSettings.maxHeaderListBytes;
  }

  /** A number that changes when something was received. */
  get received(): number {
    return this.#connection.received;
  }

  abstract close(): Promise<void>;

  ping(timeoutMs: number): Promise<number> {
    return this.#pings.ping(timeoutMs);
  }

  destroy(error?: Error): void {
    if (error !== undefined) this.#recordCause(error);
    this.closingCleanly = true;
    this.#endStreams();
    this.#connection.destroy();
  }

  hangUp(): void {
    this.closingCleanly = true;
    this.#endStreams();
    this.#connection.end();
  }

  ref(): void {
    this.#connection.ref();
  }

  unref(): void {
    this.#connection.unref();
  }

  onSetting(id: number, value: number): void {
    if (id === Setting.headerTableSize) this.sender.encoder.setPeerTableBytes(value);
    else this.#peerSettings.set(id, value);
  }

  /** SETTINGS are applied once per frame, because a change of the window affects every stream. */
  onSettingsEnd(ack: boolean): void {
    if (ack) return this.#keepAlive.onSettingsAcknowledged();
    this.streams.countEmptyFrame();
    this.sender.sendSettingsAck();
    this.sender.maxPeerFrameBytes = this.#peerSettings.maxFrameBytes;
    this.streams.setSendWindow(this.#peerSettings.initialWindowBytes);
    this.onPeerConcurrency(this.#peerSettings.maxConcurrentStreams);
    if (this.#ready) return;
    this.#ready = true;
    this.#events.onReady?.();
  }

  onPing(ack: boolean, data: Uint8Array, from: number): void {
    if (ack) this.#pings.onAck(data, from);
    else this.sender.sendPing(true, data, from);
  }

  onGoAway(_lastStreamId: number, code: number, debugData: Uint8Array): void {
    this.streams.countEmptyFrame();
    if (code === noError) this.closingCleanly = true;
    else this.#recordCause(goAwayError(code, debugData));
    this.reportGoAway(code);
  }

  onConnectionWindowUpdate(increment: number): void {
    if (increment === 0) throw http2Error(protocolError, 'a WINDOW_UPDATE of the connection adds nothing');
    if (this.sender.increaseWindow(increment)) return;
    throw http2Error(flowControlError, 'a WINDOW_UPDATE of the connection exceeds the largest window');
  }

  onUnknown(): void {
    this.streams.countEmptyFrame();
  }

  /** HEADERS of a stream that was not opened. `errorCode`: what they are as an error of the stream, or 0. */
  protected abstract onIdleStream(streamId: number, list: HeaderList, endStream: boolean, errorCode: number): void;

  /** A stream was closed: there is room for another. One that was still idle has the id 0. */
  protected abstract onStreamClosed(stream: SessionStream): void;

  /** The peer has sent SETTINGS. */
  protected onPeerConcurrency(_maxConcurrentStreams: number): void {}

  /** The session has ended. */
  protected onEnded(): void {}

  /** No new streams are possible. */
  protected reportGoAway(code: number): void {
    if (this.#goAwayReceived) return;
    this.#goAwayReceived = true;
    this.#events.onGoAway?.(code);
  }

  /** Why the session has ended, or will. */
  protected get cause(): Error {
    return this.#cause ?? new ClosedError('ERR_CLOSED', 'The HTTP/2 session was closed.');
  }

  /** Everything is done: closes the connection with GOAWAY. */
  protected finish(): void {
    if (this.ended) return;
    this.closingCleanly = true;
    this.#goAway(noError);
  }

  /** An error of the connection: tells the peer, resets every stream and closes the connection. */
  #fail(reason: unknown): void {
    if (this.ended) return;
    const error = PluginError.is(reason) ? reason : internalError(reason);
    const code = (error instanceof ProtocolError ? error.wireCode : undefined) ?? Http2ErrorCode.internalError;
    this.#recordCause(error);
    this.#goAway(code, error.message.slice(0, MAX_REASON));
  }

  #goAway(code: number, reason?: string): void {
    this.sender.sendGoAway(this.lastAcceptedId, code, reason);
    this.#endStreams();
    this.#connection.end();
    this.#reportClose();
  }

  #onChunk(chunk: Uint8Array, transient: boolean): void {
    this.streams.transient = transient;
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      this.#fail(error);
    }
  }

  #onEnd(): void {
    this.#onLost('The peer closed the connection without a GOAWAY.');
    this.#connection.end();
  }

  #onClose(error: Error | undefined): void {
    if (error !== undefined && !this.closingCleanly) this.#recordCause(connectionError(error));
    this.#onLost('The connection closed without a GOAWAY.');
    this.#reportClose();
    this.#resolveClosed();
  }

  /** The connection is gone, which is an error unless it was announced, or a server had nothing to do. */
  #onLost(text: string): void {
    if (this.ended) return;
    const idle = this.#server && this.streams.size === 0 && this.#decoder.idle;
    if (!this.closingCleanly && !idle) this.#recordCause(new TransportError('ERR_CONNECTION_LOST', text));
    this.#endStreams();
  }

  /** The first cause is kept. */
  #recordCause(error: Error): void {
    this.#cause ??= error;
  }

  #reportClose(): void {
    if (this.#closeReported) return;
    this.#closeReported = true;
    this.#events.onClose(this.#cause);
  }

  #endStreams(): void {
    if (this.ended) return;
    this.ended = true;
    this.#decoder.stop();
    this.#keepAlive.stop();
    this.#pings.end(this.#cause);
    this.streams.disconnect(cancel, () => this.cause);
    this.onEnded();
  }
}
