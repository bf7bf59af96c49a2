import { exceeded } from '../failure.js';
import { GobFramer, type GobMessage, noMessage } from './framer.js';
import type { GobReader } from './reader.js';

const NO_BYTES = new Uint8Array(0);

/**
 * The messages of the current value, as far as they have arrived. A value is one message, or several where an interface in it brings a
 * new type; they are held until the value was decoded, because decoding starts over when a message is missing.
 */
export class ValueMessages {
  readonly #framer: GobFramer;
  readonly #reader: GobReader;
  readonly #maxBytes: number;
  /** The first slot is reused for every value. */
  readonly #messages: GobMessage[] = [noMessage()];
  #held = 0;
  #heldBytes = 0;
  #current = 0;
  #broken: Error | undefined;

  constructor(reader: GobReader, maxBytes: number) {
    this.#framer = new GobFramer(maxBytes);
    this.#reader = reader;
    this.#maxBytes = maxBytes;
  }

  /** Received bytes that no value has used. */
  get bufferedBytes(): number {
    return this.#framer.bufferedBytes + this.#heldBytes;
  }

  /** Why message boundaries were lost, if they were. */
  get broken(): Error | undefined {
    return this.#broken;
  }

  /** True when no received bytes wait behind the held messages. */
  get drained(): boolean {
    return this.#framer.bufferedBytes === 0;
  }

  /** The reader's position in the stream. */
  get position(): number {
    const { position, from } = this.#messages[this.#current]!;
    return position + this.#reader.pos - from;
  }

  push(chunk: Uint8Array): void {
    this.#framer.push(chunk);
  }

  /**
   * Points the reader at the next message of the current value; false when it has not arrived. `hold` keeps the message, so that `rewind`
   * comes back to it.
   */
  openNext(hold: boolean): boolean {
    if (this.#current + 1 < this.#held) {
      this.#current += 1;
      this.#open();
      return true;
    }
    if (!hold && this.#held > 0) this.release();
    const slot = (this.#messages[this.#held] ??= noMessage());
    if (!this.#pull(slot)) return false;
    this.#current = this.#held;
    this.#held += 1;
    this.#heldBytes += slot.end - slot.from;
    this.#open();
    if (this.#heldBytes > this.#maxBytes)
      throw exceeded(`a value of several messages is over the limit of ${this.#maxBytes} bytes`);
    return true;
  }

  /** Points the reader at a position in the first held message. */
  rewind(position: number): void {
    this.#current = 0;
    this.#open();
    this.#reader.pos = position;
  }

  /** Drops the held messages: the current value is finished. */
  release(): void {
    // Emptying an array each time would take longer than decoding a small value.
    if (this.#held > 1) this.#messages.length = 1;
    this.#messages[0]!.bytes = NO_BYTES;
    this.#reader.bytes = NO_BYTES;
    this.#held = 0;
    this.#heldBytes = 0;
    this.#current = 0;
  }

  #open(): void {
    const { bytes, from, end } = this.#messages[this.#current]!;
    this.#reader.open(bytes, from, end);
  }

  #pull(slot: GobMessage): boolean {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return this.#framer.next(slot);
    } catch (error) {
      this.#broken = error instanceof Error ? error : new Error(String(error));
      throw this.#broken;
    }
  }
}
