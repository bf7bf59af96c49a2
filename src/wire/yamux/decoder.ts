import { ProtocolError } from '../../errors.js';
import { readUint32, YAMUX_HEADER_BYTES, YAMUX_VERSION, YamuxFrameType, YamuxGoAway } from './header.js';

/**
 * Receives what a decoder reads, during `push`. Plain numbers, because a header object for each frame would cost more than decoding it.
 * What a function throws leaves `push`, and ends the decoder.
 */
export interface YamuxFrameSink {
  /**
   * A complete header of a known type, before any payload byte was read: the place to validate limits.
   */
  onHeader(type: number, flags: number, streamId: number, length: number): void;
  /**
   * The next piece of the payload that belongs to the last header: a view of the pushed chunk of at least one byte. `remaining` bytes
   * follow; 0 ends the frame. Not called for an empty data frame.
   */
  onPayload(piece: Uint8Array, remaining: number): void;
}

/** Decodes frames from a byte stream that arrives in chunks of any size. */
export interface YamuxDecoder {
  /** Decodes the next bytes; the chunk must not change while its pieces are in use. Throws ProtocolError, and from then on in every call. */
  push(chunk: Uint8Array): void;
  /** True between two frames: the end of the connection cuts none. */
  readonly atBoundary: boolean;
}

/**
 * Creates a decoder for the start of a connection. It keeps no more than 12 bytes, whatever the peer sends.
 *
 * @example
 * const decoder = createYamuxDecoder({
 *   onHeader: (type, _flags, streamId, length) => console.log(type, streamId, length),
 *   onPayload: (piece, remaining) => console.log(piece.length, remaining),
 * });
 * socket.on('data', (chunk) => decoder.push(chunk));
 */
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
    `The peer sent a yamux frame of ${found}, expected ${expected}: bytes were lost or added, or the peer does not speak yamux.`,
    { wireCode: YamuxGoAway.protocolError },
  );
}
