import { ProtocolError } from '../../../errors.js';
import { EMPTY_BYTES } from '../../../wire/bytes.js';
import { ChunkQueue } from '../../../wire/chunk-queue.js';
import { type Decompress, Decompression } from './compression.js';
import { allocateMessage } from './memory.js';
import { PartialMessage } from './partial-message.js';

/** The prefix of every message: one byte that says whether it is compressed, then its length in four bytes, big endian. */
export const PREFIX_BYTES = 5;
/** The limit of go-plugin's hosts in both directions (go-plugin grpc_client.go: math.MaxInt32). */
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

/**
 * Cuts received bytes into messages. A message that lies within one chunk is not copied; any other has memory of its own as soon as its
 * prefix was received. A length over the limit is refused at the prefix, before anything is buffered for it.
 *
 * Received bytes wait in this order: `#decompression`, `#ready`, the rest of `#chunk`, then either `#partial` or `#queue`.
 */
export class MessageDecoder {
  readonly #maxMessageBytes: number;
  /** A message that was received in several chunks. */
  #ready: PartialMessage | undefined;
  /** The current chunk; at `#offset` the next prefix begins. */
  #chunk: Uint8Array = EMPTY_BYTES;
  #offset = 0;
  /** The last message, while it is not complete. */
  #partial: PartialMessage | undefined;
  /** What was received while an earlier message waited, and a prefix that is not complete. */
  #queue: ChunkQueue | undefined;
  #compressed = false;
  #decompress: Decompress | undefined;
  #onDecompressed: () => void = () => {};
  #decompression: Decompression | undefined;
  #bytes: Uint8Array = EMPTY_BYTES;
  #start = 0;
  #end = 0;

  constructor(maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * Sets how compressed messages of this stream are read; without it they are an error. `next` returns false while a message is being
   * decompressed; `onDecompressed` says when to call it again.
   */
  decompressWith(decompress: Decompress | undefined, onDecompressed: () => void): void {
    this.#decompress = decompress;
    this.#onDecompressed = onDecompressed;
  }

  /** Whether the next message was received and is being decompressed. */
  get decompressing(): boolean {
    return this.#decompression !== undefined;
  }

  /** How many received bytes wait, those of an incomplete message included. */
  get byteLength(): number {
    const messages =
      sizeOf(this.#ready) +
      sizeOf(this.#partial) +
      (this.#decompression === undefined ? 0 : PREFIX_BYTES + this.#decompression.compressedBytes);
    return messages + (this.#queue?.byteLength ?? 0) + this.#chunk.length - this.#offset;
  }

  /** Adds received bytes, which belong to the decoder from here on. Bytes that are `transient` are copied: their memory is used again. */
  push(chunk: Uint8Array, transient = false): void {
    const from = this.#partial === undefined ? 0 : this.#continue(this.#partial, chunk);
    if (from === chunk.length) return;
    const rest = from === 0 ? chunk : chunk.subarray(from);
    if (this.#queue === undefined && this.#offset === this.#chunk.length) {
      this.#offset = 0;
      this.#chunk = transient ? this.#copyTransient(rest) : rest;
    } else {
      this.#moveToQueue().push(transient ? copyOf(rest) : rest);
    }
  }

  /**
   * Goes on to the next message, which is then from `start` to `end` in `bytes`; false when it is not complete, or not decompressed yet.
   * Throws ProtocolError: ERR_LIMIT_EXCEEDED for a message that is too long, ERR_BAD_FRAME for one that cannot be read. After an error
   * the rest of the stream cannot be read.
   */
  next(): boolean {
    if (this.#decompression !== undefined) return this.#takeDecompressed(this.#decompression);
    if (!this.#advance()) {
      this.release();
      return false;
    }
    if (!this.#compressed) return true;
    this.#startDecompression();
    return false;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** Drops the reference to the message. */
  release(): void {
    this.#bytes = EMPTY_BYTES;
  }

  #take(bytes: Uint8Array, start: number, end: number): true {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    return true;
  }

  #startDecompression(): void {
    if (this.#decompress === undefined) {
      const text = 'A message is marked as compressed, but the peer named no grpc-encoding.';
      throw new ProtocolError('ERR_BAD_FRAME', text);
    }
    const message = this.#bytes.subarray(this.#start, this.#end);
    this.release();
    this.#decompression = new Decompression(message, this.#decompress, this.#onDecompressed);
  }

  #takeDecompressed(decompression: Decompression): boolean {
    const message = decompression.take();
    if (message === undefined) return false;
    this.#decompression = undefined;
    return this.#take(message, 0, message.length);
  }

  #advance(): boolean {
    const ready = this.#ready;
    if (ready !== undefined) {
      this.#ready = undefined;
      this.#compressed = ready.compressed;
      return this.#take(ready.bytes, 0, ready.byteLength);
    }
    return this.#queue === undefined ? this.#readFromChunk() : this.#readFromQueue(this.#queue);
  }

  #readFromChunk(): boolean {
    const chunk = this.#chunk;
    const begin = this.#offset + PREFIX_BYTES;
    if (begin <= chunk.length) {
      const end = begin + this.#readPrefix(chunk, this.#offset);
      if (end <= chunk.length) {
        this.#offset = end;
        return this.#take(chunk, begin, end);
      }
      this.#begin(end - begin, this.#compressed).add(chunk, begin);
      this.#offset = chunk.length;
    }
    if (this.#offset < chunk.length) this.#moveToQueue();
    return false;
  }

  #readFromQueue(queue: ChunkQueue): boolean {
    const read = this.#readFromHead(queue) || this.#readAcross(queue);
    if (queue.byteLength === 0) this.#queue = undefined;
    return read;
  }

  /** Reads a message that lies within the first chunk; it is not copied. */
  #readFromHead(queue: ChunkQueue): boolean {
    const chunk = queue.head;
    const begin = queue.headOffset + PREFIX_BYTES;
    if (chunk === undefined || begin > chunk.length) return false;
    const end = begin + this.#readPrefix(chunk, begin - PREFIX_BYTES);
    if (end > chunk.length) return false;
    queue.skip(end - begin + PREFIX_BYTES);
    return this.#take(chunk, begin, end);
  }

  #readAcross(queue: ChunkQueue): boolean {
    const prefix = queue.read(PREFIX_BYTES);
    if (prefix === undefined) return false;
    const length = this.#readPrefix(prefix, 0);
    const message = queue.read(length);
    if (message === undefined) {
      const partial = this.#begin(length, this.#compressed);
      for (let piece = queue.readSome(length); piece !== undefined; piece = queue.readSome(length))
        partial.add(piece, 0);
    }
    return message !== undefined && this.#take(message, 0, length);
  }

  #begin(length: number, compressed: boolean): PartialMessage {
    this.#partial = new PartialMessage(length, compressed);
    return this.#partial;
  }

  /** Adds to the incomplete message; returns where its part of the chunk ends. */
  #continue(partial: PartialMessage, chunk: Uint8Array): number {
    const end = partial.add(chunk, 0);
    if (!partial.isComplete) return end;
    this.#partial = undefined;
    if (this.#ready === undefined && this.#offset === this.#chunk.length) {
      this.#ready = partial;
    } else {
      const queue = this.#moveToQueue();
      queue.push(prefixOf(partial));
      queue.push(partial.bytes);
    }
    return end;
  }

  /** Copies complete messages in one piece, and the beginning of a further one into a PartialMessage, so that it is not copied again. */
  #copyTransient(chunk: Uint8Array): Uint8Array {
    let at = 0;
    while (at + PREFIX_BYTES <= chunk.length && chunk[at]! <= 1) {
      const length = lengthAt(chunk, at);
      const end = at + PREFIX_BYTES + length;
      if (end > chunk.length) {
        // A message that is too long is refused by `next`, after those before it.
        if (length > this.#maxMessageBytes) break;
        this.#begin(length, chunk[at] === 1).add(chunk, at + PREFIX_BYTES);
        return at === 0 ? EMPTY_BYTES : copyOf(chunk.subarray(0, at));
      }
      at = end;
    }
    return copyOf(chunk);
  }

  #moveToQueue(): ChunkQueue {
    this.#queue ??= new ChunkQueue();
    if (this.#offset < this.#chunk.length) this.#queue.push(this.#chunk.subarray(this.#offset));
    this.#chunk = EMPTY_BYTES;
    this.#offset = 0;
    return this.#queue;
  }

  /** Reads and validates a prefix; returns the message's length. */
  #readPrefix(bytes: Uint8Array, at: number): number {
    const flags = bytes[at]!;
    if (flags > 1) {
      throw new ProtocolError('ERR_BAD_FRAME', `A message begins with flags ${flags}; gRPC knows 0 and 1.`);
    }
    const length = lengthAt(bytes, at);
    if (length > this.#maxMessageBytes) throw tooLong(length, this.#maxMessageBytes);
    this.#compressed = flags === 1;
    return length;
  }
}

function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = allocateMessage(bytes.length);
  copy.set(bytes);
  return copy;
}

/** The message length in a prefix. */
function lengthAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) >>> 0;
}

function sizeOf(message: PartialMessage | undefined): number {
  return message === undefined ? 0 : PREFIX_BYTES + message.byteLength;
}

function prefixOf(message: PartialMessage): Uint8Array {
  const prefix = encodePrefix(message.byteLength);
  prefix[0] = message.compressed ? 1 : 0;
  return prefix;
}

/** The error for a message over a limit, in either direction. */
export function tooLong(length: number, limit: number): ProtocolError {
  return new ProtocolError(
    'ERR_LIMIT_EXCEEDED',
    `A message of ${length} bytes is over the limit of ${limit} bytes: send less, or raise \`maxReceiveMessageBytes\` of its receiver and \`maxSendMessageBytes\` of its sender.`,
  );
}
