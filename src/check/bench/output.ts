import type { Readable } from 'node:stream';

/** A first line above this many bytes is refused by hosts. */
export const MAX_LINE_BYTES = 65_536;
/** What is kept of each stream. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

/** What a process has written to one of its streams, and what it writes. */
export class Output {
  readonly #stream: Readable;
  readonly #chunks: Buffer[] = [];
  #keptBytes = 0;
  #onData = (): void => {};

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => {
      if (this.#keptBytes < MAX_KEPT_BYTES) {
        this.#keptBytes += chunk.length;
        this.#chunks.push(chunk);
      }
      this.#onData();
    });
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  /** The lines that are complete. */
  get lines(): readonly string[] {
    return this.text.split('\n').slice(0, -1);
  }

  /** Called whenever something has come. */
  onData(callback: () => void): void {
    this.#onData = callback;
  }

  /** Reads no more. */
  pause(): void {
    this.#stream.pause();
  }

  /** Lets the process go, though others may still hold the other end. */
  destroy(): void {
    this.#stream.destroy();
  }
}
