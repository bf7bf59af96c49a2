import { FrameType, formatFrameType, Http2ErrorCode, http2Error } from './frames.js';

/** Most CONTINUATION frames of one header block: an endless run of empty ones would cost no byte of the block's limit. */
export const MAX_CONTINUATIONS = 128;

/** A header block that comes in several frames, HEADERS and CONTINUATION, within a limit (RFC 9113 §4.3, §6.2, §6.10). */
export class HeaderBlock {
  /** The stream whose block is not complete; 0 when there is none. */
  streamId = 0;
  endStream = false;
  /** What HEADERS is as an error of its stream, or 0. */
  errorCode = 0;
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Validates the next frame's header: no frame may come between those of a block, nor may they exceed the limits. */
  validate(type: number, length: number, streamId: number): void {
    if (this.streamId === 0) {
      if (type === FrameType.continuation)
        throw http2Error(Http2ErrorCode.protocolError, 'CONTINUATION without HEADERS');
    } else if (type !== FrameType.continuation || streamId !== this.streamId) {
      const text = `a ${formatFrameType(type)} frame on stream ${streamId} cuts the header block of stream ${this.streamId}`;
      throw http2Error(Http2ErrorCode.protocolError, text);
    }
    if (type === FrameType.headers || type === FrameType.continuation) this.#validateSize(length);
  }

  #validateSize(length: number): void {
    if (this.#bytes + length > this.#maxBytes) {
      const text = `a header block has more than ${this.#maxBytes} bytes`;
      throw http2Error(Http2ErrorCode.enhanceYourCalm, text);
    }
    // One part is that of HEADERS.
    if (this.#parts.length > MAX_CONTINUATIONS) {
      const text = `a header block has more than ${MAX_CONTINUATIONS} CONTINUATION frames`;
      throw http2Error(Http2ErrorCode.enhanceYourCalm, text);
    }
  }

  /** A HEADERS frame without END_HEADERS. */
  begin(streamId: number, endStream: boolean, errorCode: number): void {
    this.streamId = streamId;
    this.endStream = endStream;
    this.errorCode = errorCode;
  }

  /** Keeps a copy of a frame's part of the block. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const part = new Uint8Array(bytes.subarray(start, end));
    this.#parts.push(part);
    this.#bytes += part.length;
  }

  /** The complete block, which is forgotten here. */
  take(): Uint8Array {
    const block = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      block.set(part, at);
      at += part.length;
    }
    this.clear();
    return block;
  }

  clear(): void {
    this.streamId = 0;
    this.#parts = [];
    this.#bytes = 0;
  }
}
