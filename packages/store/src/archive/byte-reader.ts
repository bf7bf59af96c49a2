import { malformed } from './refused.js';

/** Reads a stream of bytes in portions of known sizes. Keeps no more than one chunk and what was asked for. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes. Rejects with StoreError ERR_ARCHIVE when there are fewer. */
  async read(size: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.portions(size)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** The same, in the chunks that come. */
  async *portions(size: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = size; left > 0; ) {
      if (this.#chunk.length === 0 && !(await this.#next())) throw malformed('it ends in the middle of an entry');
      const part = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  /** All that is left. */
  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    do {
      if (this.#chunk.length > 0) yield this.#chunk;
    } while (await this.#next());
  }

  /** Ends the source. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #next(): Promise<boolean> {
    const { value, done } = await this.#source.next();
    if (done === true) return false;
    this.#chunk = value;
    return true;
  }
}
