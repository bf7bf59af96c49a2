import { ProtocolError } from '../../errors.js';

/** A standard stream of the container. */
export type ContainerStream = 'stdout' | 'stderr';

/** Bytes of one stream: a frame, or a part of one. */
export interface ContainerChunk {
  readonly stream: ContainerStream;
  readonly data: Uint8Array;
}

const HEADER_BYTES = 8;

/** Docker Engine API, "Attach to a container": 0 is stdin echoed on stdout; 3 is how the engine reports its own failures. */
const STREAMS: readonly ContainerStream[] = ['stdout', 'stdout', 'stderr', 'stderr'];

/**
 * Splits what an engine sends for a container without a terminal into its streams. A frame is the number of a stream, three zero bytes,
 * the length as 32 bits big-endian, and the bytes. Bytes are returned as they arrive; at most a header is buffered.
 */
export class ContainerFrameDecoder {
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #stream: ContainerStream = 'stdout';
  #remainingBytes = 0;

  /** True between two frames. */
  get atBoundary(): boolean {
    return this.#headerBytes === 0 && this.#remainingBytes === 0;
  }

  /** The bytes in a chunk, in order. Throws ProtocolError ERR_BAD_FRAME for an invalid header. */
  decode(chunk: Uint8Array): ContainerChunk[] {
    const chunks: ContainerChunk[] = [];
    for (let offset = 0; offset < chunk.length; ) {
      if (this.#remainingBytes === 0) {
        offset += this.#takeHeader(chunk.subarray(offset, offset + HEADER_BYTES - this.#headerBytes));
        continue;
      }
      const data = chunk.subarray(offset, offset + this.#remainingBytes);
      this.#remainingBytes -= data.length;
      offset += data.length;
      chunks.push({ stream: this.#stream, data });
    }
    return chunks;
  }

  #takeHeader(part: Uint8Array): number {
    this.#header.set(part, this.#headerBytes);
    this.#headerBytes += part.length;
    if (this.#headerBytes === HEADER_BYTES) {
      this.#headerBytes = 0;
      const [kind, ...zeros] = this.#header.subarray(0, 4);
      const stream = zeros.every((byte) => byte === 0) ? STREAMS[kind!] : undefined;
      if (stream === undefined) throw badFrame(this.#header);
      this.#stream = stream;
      this.#remainingBytes = new DataView(this.#header.buffer).getUint32(4);
    }
    return part.length;
  }
}

function badFrame(header: Uint8Array): ProtocolError {
  const hex = Buffer.from(header).toString('hex');
  return new ProtocolError(
    'ERR_BAD_FRAME',
    `The container engine sent ${hex} where a frame of stdout or stderr should begin: 00 to 03, 000000, and a length. ` +
      'It does not implement the Docker API, or the container has a terminal.',
  );
}
