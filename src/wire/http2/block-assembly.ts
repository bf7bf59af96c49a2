import { readUint31 } from './frame-rules.js';
import type { FrameSink } from './frame-sink.js';
import { FrameFlag, FrameType, Http2ErrorCode, http2Error } from './frames.js';

/** Most CONTINUATION frames of one header block: an endless run of empty ones would cost no byte of the block's limit. */
export const MAX_CONTINUATIONS = 128;

/** Joins HEADERS and its CONTINUATION frames into one header block within a limit (RFC 9113 §4.3, §6.2, §6.10). */
export class BlockAssembly {
  readonly #sink: FrameSink;
  readonly #maxBytes: number;
  #streamId = 0;
  #endStream = false;
  #fault = 0;
  #continuations = 0;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(sink: FrameSink, maxBytes: number) {
    this.#sink = sink;
    this.#maxBytes = maxBytes;
  }

  /** The stream whose block is not complete; 0 when there is none. */
  get streamId(): number {
    return this.#streamId;
  }

  /** Judges the next frame's header: nothing may come between the frames of a block, nor may they exceed the limit. */
  judge(type: number, length: number, streamId: number): void {
    if (this.#streamId === 0) {
      if (type === FrameType.continuation)
        throw http2Error(Http2ErrorCode.protocolError, 'CONTINUATION without HEADERS');
    } else if (type !== FrameType.continuation || streamId !== this.#streamId) {
      const text = `a frame of type ${type} on stream ${streamId} cuts the header block of stream ${this.#streamId}`;
      throw http2Error(Http2ErrorCode.protocolError, text);
    }
    if (type === FrameType.headers || type === FrameType.continuation) this.#judgeSize(length);
  }

  #judgeSize(length: number): void {
    if (this.#bytes + length > this.#maxBytes) {
      const text = `a header block has more than ${this.#maxBytes} bytes`;
      throw http2Error(Http2ErrorCode.enhanceYourCalm, text);
    }
    if (this.#continuations >= MAX_CONTINUATIONS) {
      throw http2Error(
        Http2ErrorCode.enhanceYourCalm,
        `a header block has more than ${MAX_CONTINUATIONS} CONTINUATION frames`,
      );
    }
  }

  /** A whole HEADERS payload. */
  headers(streamId: number, flags: number, bytes: Uint8Array, start: number, end: number): void {
    let fault = 0;
    if ((flags & FrameFlag.padded) !== 0) {
      end -= bytes[start]!;
      start += 1;
    }
    if ((flags & FrameFlag.priority) !== 0) {
      if (start + 5 <= end && readUint31(bytes, start) === streamId) fault = Http2ErrorCode.protocolError;
      start += 5;
    }
    if (start > end) throw http2Error(Http2ErrorCode.protocolError, 'a HEADERS frame is shorter than its padding');
    const endStream = (flags & FrameFlag.endStream) !== 0;
    if ((flags & FrameFlag.endHeaders) !== 0) {
      this.#sink.onHeaders(streamId, endStream, bytes, start, end, fault);
      return;
    }
    this.#streamId = streamId;
    this.#endStream = endStream;
    this.#fault = fault;
    this.#keep(bytes, start, end);
  }

  /** A whole CONTINUATION payload. */
  continuation(flags: number, bytes: Uint8Array, start: number, end: number): void {
    this.#continuations += 1;
    this.#keep(bytes, start, end);
    if ((flags & FrameFlag.endHeaders) === 0) return;
    const block = this.#join();
    const streamId = this.#streamId;
    this.clear();
    this.#sink.onHeaders(streamId, this.#endStream, block, 0, block.length, this.#fault);
  }

  /** Forgets a block that is not complete. */
  clear(): void {
    this.#streamId = 0;
    this.#continuations = 0;
    this.#parts = [];
    this.#bytes = 0;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const part = new Uint8Array(end - start);
    part.set(bytes.subarray(start, end));
    this.#parts.push(part);
    this.#bytes += part.length;
  }

  #join(): Uint8Array {
    const block = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      block.set(part, at);
      at += part.length;
    }
    return block;
  }
}
