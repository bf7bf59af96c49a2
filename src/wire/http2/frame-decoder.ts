import { priorityErrorCode, readSettings, validateFrame } from './frame-rules.js';
import type { ConnectionFrameSink, StreamFrameSink } from './frame-sink.js';
import {
  CLIENT_PREFACE,
  FRAME_HEADER_BYTES,
  FrameFlag,
  FrameType,
  Http2ErrorCode,
  http2Error,
  readUint31,
  readUint32,
} from './frames.js';
import { HeaderBlock } from './header-block.js';

export interface FrameDecoderOptions {
  /** Largest DATA payload, as announced by SETTINGS_MAX_FRAME_SIZE. Frames that have to be kept whole may have 16 KiB. */
  readonly maxFrameBytes: number;
  /** Most bytes of a header block over all its frames. */
  readonly maxHeaderBlockBytes: number;
  /** The client's preface comes first: the decoder of a server. */
  readonly expectPreface: boolean;
}

const enum Phase {
  preface,
  header,
  payload,
  padLength,
  data,
  padding,
  skip,
  stopped,
}

const { protocolError, frameSizeError } = Http2ErrorCode;

/**
 * Incremental decoder of HTTP/2 frames (RFC 9113 §4, §6). Validates what a frame alone can tell: sizes, stream ids, the order of
 * CONTINUATION, legal values. Every limit is checked at the frame header, before anything is kept. Throws a ProtocolError with
 * `wireCode` for an error of the connection, after which the decoder must not be used.
 */
export class FrameDecoder {
  readonly #streams: StreamFrameSink;
  readonly #connection: ConnectionFrameSink;
  readonly #maxFrameBytes: number;
  readonly #head = new Uint8Array(FRAME_HEADER_BYTES);
  #phase: Phase;
  /** The next frame is the first one: SETTINGS. */
  #first = true;
  #filled = 0;
  #payload: Uint8Array = this.#head;
  #length = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** Bytes left of the current phase. */
  #left = 0;
  #padBytes = 0;
  #dataBytes = 0;
  /** The header block that CONTINUATION frames have to complete. */
  readonly #block: HeaderBlock;

  constructor(streams: StreamFrameSink, connection: ConnectionFrameSink, options: FrameDecoderOptions) {
    this.#streams = streams;
    this.#connection = connection;
    this.#maxFrameBytes = options.maxFrameBytes;
    this.#block = new HeaderBlock(options.maxHeaderBlockBytes);
    this.#phase = options.expectPreface ? Phase.preface : Phase.header;
  }

  /** True between frames: the input may end here without cutting anything. */
  get idle(): boolean {
    return this.#phase === Phase.header && this.#filled === 0 && this.#block.streamId === 0;
  }

  /** Decodes the next bytes; the views handed to the sinks are of this chunk. */
  push(chunk: Uint8Array): void {
    let at = 0;
    const end = chunk.length;
    while (at < end && this.#phase !== Phase.stopped) {
      if (this.#phase === Phase.header) at = this.#readHeader(chunk, at, end);
      else if (this.#phase === Phase.data) at = this.#readData(chunk, at, end);
      else at = this.#readOther(chunk, at, end);
    }
  }

  /** Ignores everything from here on, also the rest of the chunk that is being decoded. */
  stop(): void {
    this.#phase = Phase.stopped;
    this.#block.clear();
  }

  #readOther(chunk: Uint8Array, at: number, end: number): number {
    if (this.#phase === Phase.payload) return this.#readPayload(chunk, at, end);
    if (this.#phase === Phase.preface) return this.#readPreface(chunk, at, end);
    if (this.#phase !== Phase.padLength) return this.#skip(at, end);
    this.#beginPaddedData(chunk[at]!);
    return at + 1;
  }

  #readPreface(chunk: Uint8Array, at: number, end: number): number {
    for (; at < end && this.#filled < CLIENT_PREFACE.length; at += 1) {
      if (chunk[at] !== CLIENT_PREFACE.charCodeAt(this.#filled)) {
        throw http2Error(protocolError, 'the connection does not begin with the HTTP/2 client preface');
      }
      this.#filled += 1;
    }
    if (this.#filled === CLIENT_PREFACE.length) this.#endFrame();
    return at;
  }

  #readHeader(chunk: Uint8Array, at: number, end: number): number {
    if (this.#filled === 0 && end - at >= FRAME_HEADER_BYTES) {
      this.#parseHeader(chunk, at);
      return this.#beginPayload(chunk, at + FRAME_HEADER_BYTES, end);
    }
    for (; at < end && this.#filled < FRAME_HEADER_BYTES; at += 1) this.#head[this.#filled++] = chunk[at]!;
    if (this.#filled < FRAME_HEADER_BYTES) return at;
    this.#filled = 0;
    this.#parseHeader(this.#head, 0);
    return this.#beginPayload(chunk, at, end);
  }

  #parseHeader(bytes: Uint8Array, at: number): void {
    this.#length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    this.#type = bytes[at + 3]!;
    this.#flags = bytes[at + 4]!;
    this.#streamId = readUint31(bytes, at + 5);
    if (this.#first) this.#validateFirst();
    if (this.#length > this.#maxFrameBytes) {
      throw http2Error(frameSizeError, `a frame has ${this.#length} bytes, the limit is ${this.#maxFrameBytes}`);
    }
    if (this.#type === FrameType.data && this.#block.streamId === 0) return this.#validateData();
    validateFrame(this.#type, this.#length, this.#flags, this.#streamId);
    this.#block.validate(this.#type, this.#length, this.#streamId);
  }

  #validateFirst(): void {
    if (this.#type !== FrameType.settings || (this.#flags & FrameFlag.ack) !== 0) {
      throw http2Error(protocolError, 'the first frame is not SETTINGS');
    }
    this.#first = false;
  }

  #validateData(): void {
    if (this.#streamId === 0) throw http2Error(protocolError, 'a DATA frame is on stream 0');
    if (this.#length === 0 && (this.#flags & FrameFlag.padded) !== 0) {
      throw http2Error(frameSizeError, 'a padded DATA frame has no pad length');
    }
  }

  /** The payload may or may not be in the chunk. */
  #beginPayload(chunk: Uint8Array, at: number, end: number): number {
    const length = this.#length;
    if (this.#type === FrameType.data) return this.#beginData(at);
    if (this.#type > FrameType.continuation) {
      this.#enter(Phase.skip, length);
      this.#connection.onUnknown(this.#type);
      return at;
    }
    if (end - at >= length) {
      this.#complete(chunk, at, at + length);
      return at + length;
    }
    this.#payload = new Uint8Array(length);
    this.#filled = 0;
    this.#phase = Phase.payload;
    return at;
  }

  #readPayload(chunk: Uint8Array, at: number, end: number): number {
    const taken = Math.min(end - at, this.#length - this.#filled);
    this.#payload.set(chunk.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    if (this.#filled === this.#length) {
      const payload = this.#payload;
      this.#endFrame();
      this.#payload = this.#head;
      this.#complete(payload, 0, payload.length);
    }
    return at + taken;
  }

  #beginData(at: number): number {
    this.#padBytes = 0;
    this.#dataBytes = this.#length;
    this.#streams.onDataStart(this.#streamId, this.#length);
    if (this.#phase === Phase.stopped) return at;
    if ((this.#flags & FrameFlag.padded) !== 0) this.#phase = Phase.padLength;
    else this.#enter(Phase.data, this.#length);
    return at;
  }

  #beginPaddedData(padBytes: number): void {
    if (padBytes >= this.#length) throw http2Error(protocolError, 'a DATA frame is shorter than its padding');
    this.#padBytes = padBytes;
    this.#dataBytes = this.#length - padBytes - 1;
    this.#enter(Phase.data, this.#dataBytes);
  }

  #readData(chunk: Uint8Array, at: number, end: number): number {
    const to = Math.min(end, at + this.#left);
    this.#left -= to - at;
    this.#streams.onDataPiece(chunk.subarray(at, to));
    if (this.#left === 0 && this.#phase === Phase.data) this.#endPhase();
    return to;
  }

  #skip(at: number, end: number): number {
    const to = Math.min(end, at + this.#left);
    this.#left -= to - at;
    if (this.#left === 0) this.#endPhase();
    return to;
  }

  /** Enters a phase of `left` bytes; one without bytes ends at once. */
  #enter(phase: Phase, left: number): void {
    this.#left = left;
    this.#phase = phase;
    if (left === 0) this.#endPhase();
  }

  #endPhase(): void {
    const phase = this.#phase;
    if (phase === Phase.data && this.#padBytes > 0) return this.#enter(Phase.padding, this.#padBytes);
    this.#endFrame();
    if (phase === Phase.skip) return;
    this.#streams.onDataEnd(this.#streamId, this.#dataBytes, (this.#flags & FrameFlag.endStream) !== 0);
  }

  #endFrame(): void {
    if (this.#phase === Phase.stopped) return;
    this.#phase = Phase.header;
    this.#filled = 0;
  }

  /** Hands on a frame whose payload is complete. */
  #complete(bytes: Uint8Array, start: number, end: number): void {
    const connection = this.#connection;
    const ack = (this.#flags & FrameFlag.ack) !== 0;
    switch (this.#type) {
      case FrameType.headers:
        return this.#completeHeaders(bytes, start, end);
      case FrameType.continuation:
        return this.#completeContinuation(bytes, start, end);
      case FrameType.priority:
        return this.#streams.onPriority(this.#streamId, priorityErrorCode(this.#streamId, bytes, start, end));
      case FrameType.resetStream:
        return this.#streams.onResetStream(this.#streamId, readUint32(bytes, start));
      case FrameType.settings:
        readSettings(connection, bytes, start, end);
        return connection.onSettingsEnd(ack);
      case FrameType.ping:
        return connection.onPing(ack, bytes, start);
      case FrameType.goAway:
        return connection.onGoAway(
          readUint31(bytes, start),
          readUint32(bytes, start + 4),
          bytes.subarray(start + 8, end),
        );
      default:
        if (this.#streamId === 0) return connection.onConnectionWindowUpdate(readUint31(bytes, start));
        return this.#streams.onStreamWindowUpdate(this.#streamId, readUint31(bytes, start));
    }
  }

  #completeHeaders(bytes: Uint8Array, start: number, end: number): void {
    let errorCode = 0;
    if ((this.#flags & FrameFlag.padded) !== 0) {
      end -= bytes[start]!;
      start += 1;
    }
    if ((this.#flags & FrameFlag.priority) !== 0) {
      if (start + 5 <= end && readUint31(bytes, start) === this.#streamId) errorCode = protocolError;
      start += 5;
    }
    if (start > end) throw http2Error(protocolError, 'a HEADERS frame is shorter than its padding');
    const endStream = (this.#flags & FrameFlag.endStream) !== 0;
    if ((this.#flags & FrameFlag.endHeaders) !== 0) {
      this.#streams.onHeaders(this.#streamId, endStream, bytes, start, end, errorCode);
      return;
    }
    this.#block.begin(this.#streamId, endStream, errorCode);
    this.#block.add(bytes, start, end);
  }

  #completeContinuation(bytes: Uint8Array, start: number, end: number): void {
    this.#block.add(bytes, start, end);
    if ((this.#flags & FrameFlag.endHeaders) === 0) return;
    const { endStream, errorCode } = this.#block;
    const block = this.#block.take();
    this.#streams.onHeaders(this.#streamId, endStream, block, 0, block.length, errorCode);
  }
}
