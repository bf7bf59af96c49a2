import { BlockAssembly } from './block-assembly.js';
import { judgeFrame, readSettings, readUint31, readUint32 } from './frame-rules.js';
import type { FrameSink } from './frame-sink.js';
import { CLIENT_PREFACE, FRAME_HEADER_BYTES, FrameFlag, FrameType, Http2ErrorCode, http2Error } from './frames.js';

export interface FrameDecoderOptions {
  /** Largest DATA payload, as announced by SETTINGS_MAX_FRAME_SIZE. Frames that have to be buffered may have 16 KiB. */
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

/**
 * Incremental decoder of HTTP/2 frames (RFC 9113 §4, §6). Judges what a frame alone can tell: sizes, stream ids, order of
 * CONTINUATION, legal values. Every limit is judged at the frame header, before anything is kept. Throws a ProtocolError with
 * `wireCode` for an error of the connection, after which it is dead.
 */
export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #maxFrameBytes: number;
  readonly #assembly: BlockAssembly;
  readonly #head = new Uint8Array(FRAME_HEADER_BYTES);
  #phase: Phase;
  /** The next frame is the first one: SETTINGS. */
  #first = true;
  #filled = 0;
  #scratch: Uint8Array;
  #length = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** Bytes left of the current phase. */
  #left = 0;
  #padBytes = 0;
  #dataBytes = 0;

  constructor(sink: FrameSink, options: FrameDecoderOptions) {
    this.#sink = sink;
    this.#maxFrameBytes = options.maxFrameBytes;
    this.#assembly = new BlockAssembly(sink, options.maxHeaderBlockBytes);
    this.#phase = options.expectPreface ? Phase.preface : Phase.header;
    this.#scratch = this.#head;
  }

  /** True between frames: the input may end here without cutting anything. */
  get idle(): boolean {
    return this.#phase === Phase.header && this.#filled === 0 && this.#assembly.streamId === 0;
  }

  /** Feeds the next bytes; the views handed to the sink are of this chunk. */
  push(chunk: Uint8Array): void {
    let at = 0;
    const end = chunk.length;
    while (at < end && this.#phase !== Phase.stopped) {
      if (this.#phase === Phase.header) at = this.#readHeader(chunk, at, end);
      else if (this.#phase === Phase.data) at = this.#readData(chunk, at, end);
      else at = this.#readOther(chunk, at, end);
    }
  }

  /** Ignores everything from here on, also the rest of the chunk in hand. */
  stop(): void {
    this.#phase = Phase.stopped;
    this.#assembly.clear();
  }

  #readOther(chunk: Uint8Array, at: number, end: number): number {
    if (this.#phase === Phase.payload) return this.#gather(chunk, at, end);
    if (this.#phase === Phase.preface) return this.#readPreface(chunk, at, end);
    if (this.#phase !== Phase.padLength) return this.#skip(at, end);
    this.#beginPadded(chunk[at]!);
    return at + 1;
  }

  #readPreface(chunk: Uint8Array, at: number, end: number): number {
    for (; at < end && this.#filled < CLIENT_PREFACE.length; at += 1) {
      if (chunk[at] !== CLIENT_PREFACE.charCodeAt(this.#filled)) {
        throw http2Error(Http2ErrorCode.protocolError, 'the connection does not begin with the HTTP/2 client preface');
      }
      this.#filled += 1;
    }
    if (this.#filled === CLIENT_PREFACE.length) this.#next();
    return at;
  }

  #readHeader(chunk: Uint8Array, at: number, end: number): number {
    if (this.#filled === 0 && end - at >= FRAME_HEADER_BYTES) {
      this.#parseHeader(chunk, at);
      return this.#begin(chunk, at + FRAME_HEADER_BYTES, end);
    }
    for (; at < end && this.#filled < FRAME_HEADER_BYTES; at += 1) this.#head[this.#filled++] = chunk[at]!;
    if (this.#filled < FRAME_HEADER_BYTES) return at;
    this.#filled = 0;
    this.#parseHeader(this.#head, 0);
    return this.#begin(chunk, at, end);
  }

  #parseHeader(bytes: Uint8Array, at: number): void {
    this.#length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    this.#type = bytes[at + 3]!;
    this.#flags = bytes[at + 4]!;
    this.#streamId = readUint31(bytes, at + 5);
    if (this.#first) this.#judgeFirst();
    judgeFrame(this.#type, this.#length, this.#flags, this.#streamId, this.#maxFrameBytes);
    this.#assembly.judge(this.#type, this.#length, this.#streamId);
  }

  #judgeFirst(): void {
    if (this.#type !== FrameType.settings || (this.#flags & FrameFlag.ack) !== 0) {
      throw http2Error(Http2ErrorCode.protocolError, 'the first frame is not SETTINGS');
    }
    this.#first = false;
  }

  /** Starts on the payload, which may or may not be in the chunk. */
  #begin(chunk: Uint8Array, at: number, end: number): number {
    const length = this.#length;
    if (this.#type === FrameType.data) return this.#beginData(at);
    if (this.#type > FrameType.continuation) {
      this.#enter(Phase.skip, length);
      this.#sink.onUnknown(this.#type);
      return at;
    }
    if (end - at >= length) {
      this.#complete(chunk, at, at + length);
      return at + length;
    }
    this.#scratch = new Uint8Array(length);
    this.#filled = 0;
    this.#phase = Phase.payload;
    return at;
  }

  #gather(chunk: Uint8Array, at: number, end: number): number {
    const taken = Math.min(end - at, this.#length - this.#filled);
    this.#scratch.set(chunk.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    if (this.#filled === this.#length) {
      const payload = this.#scratch;
      this.#next();
      this.#scratch = this.#head;
      this.#complete(payload, 0, payload.length);
    }
    return at + taken;
  }

  #beginData(at: number): number {
    this.#padBytes = 0;
    this.#dataBytes = this.#length;
    this.#sink.onDataStart(this.#streamId, this.#length);
    if (this.#phase === Phase.stopped) return at;
    if ((this.#flags & FrameFlag.padded) !== 0) this.#phase = Phase.padLength;
    else this.#enter(Phase.data, this.#length);
    return at;
  }

  #beginPadded(padBytes: number): void {
    if (padBytes >= this.#length)
      throw http2Error(Http2ErrorCode.protocolError, 'a DATA frame is shorter than its padding');
    this.#padBytes = padBytes;
    this.#dataBytes = this.#length - padBytes - 1;
    this.#enter(Phase.data, this.#dataBytes);
  }

  #readData(chunk: Uint8Array, at: number, end: number): number {
    const to = Math.min(end, at + this.#left);
    this.#left -= to - at;
    this.#sink.onDataPiece(this.#streamId, chunk.subarray(at, to));
    if (this.#left === 0 && this.#phase === Phase.data) this.#enter(Phase.padding, this.#padBytes);
    return to;
  }

  #skip(at: number, end: number): number {
    const to = Math.min(end, at + this.#left);
    this.#left -= to - at;
    if (this.#left === 0) this.#enter(this.#phase, 0);
    return to;
  }

  /** Enters a phase of `left` bytes; one without bytes is over at once. */
  #enter(phase: Phase, left: number): void {
    this.#left = left;
    this.#phase = phase;
    if (left > 0) return;
    if (phase === Phase.data && this.#padBytes > 0) {
      this.#enter(Phase.padding, this.#padBytes);
      return;
    }
    this.#next();
    if (phase !== Phase.skip) {
      this.#sink.onDataEnd(this.#streamId, this.#dataBytes, (this.#flags & FrameFlag.endStream) !== 0);
    }
  }

  #next(): void {
    if (this.#phase === Phase.stopped) return;
    this.#phase = Phase.header;
    this.#filled = 0;
  }

  #complete(bytes: Uint8Array, start: number, end: number): void {
    const sink = this.#sink;
    const ack = (this.#flags & FrameFlag.ack) !== 0;
    switch (this.#type) {
      case FrameType.headers:
        return this.#assembly.headers(this.#streamId, this.#flags, bytes, start, end);
      case FrameType.continuation:
        return this.#assembly.continuation(this.#flags, bytes, start, end);
      case FrameType.priority:
        return this.#completePriority(bytes, start);
      case FrameType.resetStream:
        return sink.onResetStream(this.#streamId, readUint32(bytes, start));
      case FrameType.settings:
        readSettings(sink, bytes, start, end);
        return sink.onSettingsEnd(ack);
      case FrameType.ping:
        return sink.onPing(ack, bytes, start);
      case FrameType.goAway:
        return sink.onGoAway(readUint31(bytes, start), readUint32(bytes, start + 4), bytes.subarray(start + 8, end));
      default:
        return sink.onWindowUpdate(this.#streamId, readUint31(bytes, start));
    }
  }

  /** The one frame whose wrong size is an error of its stream only (RFC 9113 §6.3). */
  #completePriority(bytes: Uint8Array, start: number): void {
    let fault = 0;
    if (this.#length !== 5) fault = Http2ErrorCode.frameSizeError;
    else if (readUint31(bytes, start) === this.#streamId) fault = Http2ErrorCode.protocolError;
    this.#sink.onPriority(this.#streamId, fault);
  }
}
