import { ProtocolError } from '../../errors.js';
import { readUint32, YAMUX_HEADER_BYTES, YAMUX_VERSION, YamuxFrameType, YamuxGoAway } from './header.js';

/**
 * Receives what a decoder reads, during `push`. Plain numbers, because a header object per frame would cost more than decoding it.
 * Both functions may throw: that ends the decoder, and `push` throws the same error.
 */
export interface YamuxFrameSink {
  /**
   * A whole header of a known type. The place to judge limits: of a data frame no payload byte has been looked at yet, and nothing
   * is kept whatever `length` says.
   */
  onHeader(type: number, flags: number, streamId: number, length: number): void;
  /**
   * The next piece of the payload that the last `onHeader` announced: a view of the pushed chunk, at least one byte, never gathered.
   * `remaining` bytes are still to come; 0 ends the frame. Not called for an empty data frame.
   */
  onPayload(piece: Uint8Array, remaining: number): void;
}

/** Reads frames from a byte stream that arrives in chunks of any size. */
export interface YamuxDecoder {
  /** Reads the next bytes; the chunk must not change as long as its pieces are used. Throws a ProtocolError, and from then on always. */
  push(chunk: Uint8Array): void;
  /** True between two frames: the only place at which a peer may end the connection without tearing a frame. */
  readonly atBoundary: boolean;
}

/** Creates a decoder at the start of a connection. It holds 12 bytes, whatever the peer sends. */
export function createYamuxDecoder(sink: YamuxFrameSink): YamuxDecoder {
  return new Decoder(sink);
}

class Decoder implements YamuxDecoder {
  readonly #sink: YamuxFrameSink;
  readonly #partial = new Uint8Array(YAMUX_HEADER_BYTES);
  #partialBytes = 0;
  #payloadBytes = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(sink: YamuxFrameSink) {
    this.#sink = sink;
  }

  get atBoundary(): boolean {
    return this.#partialBytes === 0 && this.#payloadBytes === 0;
  }

  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      let offset = 0;
      while (offset < chunk.length) {
        offset = this.#payloadBytes > 0 ? this.#readPayload(chunk, offset) : this.#readHeader(chunk, offset);
      }
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  #readPayload(chunk: Uint8Array, offset: number): number {
    const end = Math.min(chunk.length, offset + this.#payloadBytes);
    this.#payloadBytes -= end - offset;
    this.#sink.onPayload(chunk.subarray(offset, end), this.#payloadBytes);
    return end;
  }

  #readHeader(chunk: Uint8Array, offset: number): number {
    if (this.#partialBytes === 0 && chunk.length - offset >= YAMUX_HEADER_BYTES) {
      this.#acceptHeader(chunk, offset);
      return offset + YAMUX_HEADER_BYTES;
    }
    const end = Math.min(chunk.length, offset + YAMUX_HEADER_BYTES - this.#partialBytes);
    this.#partial.set(chunk.subarray(offset, end), this.#partialBytes);
    this.#partialBytes += end - offset;
    if (this.#partialBytes === YAMUX_HEADER_BYTES) {
      this.#partialBytes = 0;
      this.#acceptHeader(this.#partial, 0);
    }
    return end;
  }

  #acceptHeader(bytes: Uint8Array, offset: number): void {
    const version = bytes[offset]!;
    const type = bytes[offset + 1]!;
    if (version !== YAMUX_VERSION) throw violation(`version ${version}`, `version ${YAMUX_VERSION}`);
    if (type > YamuxFrameType.goAway) throw violation(`type ${type}`, `a type from 0 to ${YamuxFrameType.goAway}`);
    const flags = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
    const length = readUint32(bytes, offset + 8);
    if (type === YamuxFrameType.data) this.#payloadBytes = length;
    this.#sink.onHeader(type, flags, readUint32(bytes, offset + 4), length);
  }
}

function violation(found: string, expected: string): ProtocolError {
  return new ProtocolError(
    'ERR_YAMUX_PROTOCOL',
    `The peer sent a yamux frame of ${found}, expected ${expected}: the connection is out of step or the peer does not speak yamux.`,
    { wireCode: YamuxGoAway.protocolError },
  );
}
