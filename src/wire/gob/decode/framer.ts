import { ProtocolError } from '../../../errors.js';

const NOTHING = new Uint8Array(0);
const MIN_GROWTH = 64 * 1024;

/** The body of a message: a range of received bytes. */
export interface GobMessage {
  bytes: Uint8Array;
  from: number;
  end: number;
  /** The offset of the body in the stream. */
  position: number;
}

/** An empty message, to be filled by `GobFramer.next`. */
export function noMessage(): GobMessage {
  return { bytes: NOTHING, from: 0, end: 0, position: 0 };
}

/**
 * Splits a byte stream into messages: a byte count as gob's unsigned integer, then the body. Chunks that hold whole messages are kept
 * without a copy. Memory grows with the bytes that have arrived, not with those that were announced.
 */
export class GobFramer {
  readonly #maxReceiveMessageBytes: number;
  #bytes: Uint8Array = NOTHING;
  #pos = 0;
  #end = 0;
  /** The buffer was allocated here and may be appended to. */
  #owned = false;
  /** Size of the message at `#pos` with its count; 0 while it is unknown. */
  #wanted = 0;
  #consumed = 0;

  constructor(maxReceiveMessageBytes: number) {
    this.#maxReceiveMessageBytes = maxReceiveMessageBytes;
  }

  /** Received bytes that are not yet part of a returned message. */
  get bufferedBytes(): number {
    return this.#end - this.#pos;
  }

  /** Adds received bytes, which must not be changed any more. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.#pos === this.#end) {
      // Not a Buffer: mixing the two classes is slower, and `Buffer.slice` does not copy.
      this.#bytes =
        chunk.constructor === Uint8Array ? chunk : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      this.#pos = 0;
      this.#end = chunk.length;
      this.#owned = false;
      return;
    }
    if (!this.#owned || this.#bytes.length - this.#end < chunk.length) this.#grow(chunk.length);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /**
   * Finds the next message and stores its range in `message`; false until it is complete. Empty messages are skipped. No views are made:
   * two for every call would be a sixth of what net/rpc allocates.
   */
  next(message: GobMessage): boolean {
    for (;;) {
      const left = this.#end - this.#pos;
      if (left < this.#wanted || left === 0) return this.#idle(left);
      const size = this.#countSize();
      if (size > left) return false;
      const body = this.#count(size);
      this.#wanted = size + body;
      if (this.#wanted > left) return false;
      message.bytes = this.#bytes;
      message.from = this.#pos + size;
      message.end = message.from + body;
      message.position = this.#consumed + size;
      this.#pos = message.end;
      this.#consumed += this.#wanted;
      this.#wanted = 0;
      if (body > 0) return true;
    }
  }

  /** Releases the buffer when it is empty. */
  #idle(left: number): false {
    if (left === 0) {
      this.#bytes = NOTHING;
      this.#pos = 0;
      this.#end = 0;
    }
    return false;
  }

  /** The number of bytes of the count. */
  #countSize(): number {
    const first = this.#bytes[this.#pos]!;
    if (first < 0x80) return 1;
    const size = 0x101 - first;
    if (size > 9) throw broken(`a message cannot begin with 0x${first.toString(16)}`);
    return size;
  }

  #count(size: number): number {
    let count = size === 1 ? this.#bytes[this.#pos]! : 0;
    for (let at = 1; at < size; at += 1) count = count * 0x100 + this.#bytes[this.#pos + at]!;
    if (count > this.#maxReceiveMessageBytes) throw tooLong(count, this.#maxReceiveMessageBytes);
    return count;
  }

  #grow(more: number): void {
    const held = this.#end - this.#pos;
    const enough = this.#wanted > held ? this.#wanted : Number.POSITIVE_INFINITY;
    const grown = new Uint8Array(Math.max(held + more, Math.min(Math.max(held * 2, MIN_GROWTH), enough)));
    grown.set(this.#bytes.subarray(this.#pos, this.#end));
    this.#bytes = grown;
    this.#pos = 0;
    this.#end = held;
    this.#owned = true;
  }
}

function broken(reason: string): ProtocolError {
  return new ProtocolError(
    'ERR_GOB',
    `gob: invalid message length: ${reason}. The peer does not speak gob here, or bytes were lost.`,
  );
}

function tooLong(count: number, limit: number): ProtocolError {
  return new ProtocolError(
    'ERR_LIMIT_EXCEEDED',
    `gob: the peer announced a message of ${count} bytes, at most ${limit} are accepted (maxReceiveMessageBytes).`,
  );
}
