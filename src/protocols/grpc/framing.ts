import { ProtocolError } from '../../errors.js';
import { EMPTY_BYTES } from '../../wire/bytes.js';
import { ChunkQueue } from '../../wire/chunk-queue.js';

/** Before every message: one byte that says whether it is compressed, four with its length, big endian. */
export const PREFIX_BYTES = 5;
/** What go-plugin's hosts accept and send (go-plugin grpc_client.go: math.MaxInt32). */
export const DEFAULT_MAX_MESSAGE_BYTES = 2_147_483_647;

/** The prefix of an uncompressed message, for a message that is sent without copying it. */
export function encodePrefix(messageBytes: number): Uint8Array {
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  prefix[0] = 0;
  prefix.writeUInt32BE(messageBytes, 1);
  return prefix;
}

/** A message with its prefix in one piece; copies the message. */
export function frameMessage(message: Uint8Array): Uint8Array {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

/** Undoes the compression that a stream's `grpc-encoding` names. */
export type Decompress = (message: Uint8Array) => Uint8Array;

/**
 * Cuts received bytes into messages. A message that lies in one chunk shares its memory. A length over the limit is refused when its
 * prefix is there, before anything is gathered for it.
 */
export class MessageDecoder {
  readonly #maxMessageBytes: number;
  /** The chunk at hand, as long as nothing waits in the queue before it. */
  #chunk: Uint8Array = EMPTY_BYTES;
  #offset = 0;
  /** Only what did not end with its chunk. */
  #queue: ChunkQueue | undefined;
  /** Length of the message whose prefix was taken out of the queue; -1 without one. */
  #expected = -1;
  #compressed = false;
  #decompress: Decompress | undefined;

  constructor(maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** How compressed messages of this stream are read; without it they are an error. */
  set decompress(decompress: Decompress | undefined) {
    this.#decompress = decompress;
  }

  /** How many received bytes wait, those of an incomplete message included. */
  get byteLength(): number {
    const prefix = this.#expected < 0 ? 0 : PREFIX_BYTES;
    return prefix + (this.#queue?.byteLength ?? 0) + this.#chunk.length - this.#offset;
  }

  /** Adds received bytes, which belong to the decoder from here on. */
  push(chunk: Uint8Array): void {
    if (this.byteLength === 0) {
      this.#chunk = chunk;
      this.#offset = 0;
    } else {
      this.#moveToQueue().push(chunk);
    }
  }

  /**
   * The next message, or undefined when it is not complete yet. Throws ProtocolError: ERR_LIMIT_EXCEEDED for one that is too long,
   * ERR_BAD_FRAME for one that cannot be read. After that the stream is of no use.
   */
  read(): Uint8Array | undefined {
    const message = this.#queue === undefined ? this.#readFromChunk() : this.#readFromQueue(this.#queue);
    if (message === undefined || !this.#compressed) return message;
    if (this.#decompress !== undefined) return this.#decompress(message);
    throw new ProtocolError('ERR_BAD_FRAME', 'A message is marked as compressed, but the peer named no grpc-encoding.');
  }

  #readFromChunk(): Uint8Array | undefined {
    const chunk = this.#chunk;
    const begin = this.#offset + PREFIX_BYTES;
    if (begin <= chunk.length) {
      const end = begin + this.#judge(chunk, this.#offset);
      if (end <= chunk.length) {
        this.#offset = end;
        return chunk.subarray(begin, end);
      }
    }
    if (this.#offset < chunk.length) this.#moveToQueue();
    return undefined;
  }

  #readFromQueue(queue: ChunkQueue): Uint8Array | undefined {
    if (this.#expected < 0) {
      const prefix = queue.read(PREFIX_BYTES);
      if (prefix === undefined) return undefined;
      this.#expected = this.#judge(prefix, 0);
    }
    const message = queue.read(this.#expected);
    if (message === undefined) return undefined;
    this.#expected = -1;
    if (queue.byteLength === 0) this.#queue = undefined;
    return message;
  }

  #moveToQueue(): ChunkQueue {
    this.#queue ??= new ChunkQueue();
    if (this.#offset < this.#chunk.length) this.#queue.push(this.#chunk.subarray(this.#offset));
    this.#chunk = EMPTY_BYTES;
    this.#offset = 0;
    return this.#queue;
  }

  /** Reads a prefix and returns the message's length. */
  #judge(bytes: Uint8Array, at: number): number {
    const flags = bytes[at]!;
    if (flags > 1) {
      throw new ProtocolError('ERR_BAD_FRAME', `A message begins with flags ${flags}; gRPC knows 0 and 1.`);
    }
    const length = ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) >>> 0;
    if (length > this.#maxMessageBytes) throw tooLong(length, this.#maxMessageBytes);
    this.#compressed = flags === 1;
    return length;
  }
}

/** Whichever side finds a message too long says it in these words. */
export function tooLong(length: number, limit: number): ProtocolError {
  return new ProtocolError('ERR_LIMIT_EXCEEDED', `A message of ${length} bytes is over the limit of ${limit} bytes.`);
}
