import { Readable } from 'node:stream';

/** How long the plugin's pipes may stay open after it has gone, because a process that it started holds them. */
const LAST_WORDS_MS = 500;

/** Most bytes that are taken over after the plugin has gone: more than pipes can hold, so only a surviving child gets there. */
const LAST_WORDS_BYTES = 4 << 20;

const HIGH_WATER_MARK = 64 << 10;

/** A pipe from a child process: at run time a socket. */
type Pipe = Readable & { ref?(): unknown; unref?(): unknown };

/**
 * One output stream of a plugin, readable before there is a process. Exerts backpressure on the plugin while it is read or not read
 * yet; when destroyed, it goes on reading and discards, so that the plugin never blocks on an output that nobody wants.
 */
export class PluginOutput extends Readable {
  #pipe: Pipe | undefined;
  #release: (() => void) | undefined;
  #backpressure = true;
  #lastBytes = 0;

  constructor() {
    super({ highWaterMark: HIGH_WATER_MARK });
  }

  /** Begins to carry the bytes of the process's pipe, which belongs to this object from here on. */
  attach(pipe: Pipe): void {
    this.#pipe = pipe;
    pipe.on('data', (chunk: Buffer) => this.#take(chunk));
    pipe.on('error', () => this.finish());
    pipe.once('close', () => this.finish());
  }

  /**
   * The process is gone: takes over what is left in the pipe, however slow the reader, and ends. Resolves when that is done, at
   * the pipe's end or after a bound (go-plugin: a grandchild that holds the pipe blocks a Go host).
   */
  async drain(): Promise<void> {
    const pipe = this.#pipe;
    if (pipe === undefined) return;
    this.#backpressure = false;
    pipe.resume();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.finish(), LAST_WORDS_MS);
      this.#release = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends the stream and lets go of the pipe. Idempotent. */
  finish(): void {
    const pipe = this.#pipe;
    this.#pipe = undefined;
    pipe?.destroy();
    this.#release?.();
    this.#release = undefined;
    if (!this.destroyed && !this.readableEnded) this.push(null);
  }

  /** Whether the pipe keeps the event loop alive. */
  ref(): void {
    this.#pipe?.ref?.();
  }

  unref(): void {
    this.#pipe?.unref?.();
  }

  override _read(): void {
    this.#pipe?.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#pipe?.resume();
    callback(error);
  }

  #take(chunk: Buffer): void {
    if (!this.#backpressure) {
      this.#lastBytes += chunk.length;
      if (this.#lastBytes > LAST_WORDS_BYTES) {
        this.finish();
        return;
      }
    }
    if (this.destroyed) return;
    if (!this.push(chunk) && this.#backpressure) this.#pipe?.pause();
  }
}
