import { Readable } from 'node:stream';

/** How long a plugin's pipe is read after its exit: a process that it started may keep the pipe open. */
const DRAIN_TIMEOUT_MS = 500;

/** Most bytes that are read after the plugin's exit: more than a pipe can hold, so only a surviving child reaches it. */
const MAX_DRAIN_BYTES = 4 << 20;

const HIGH_WATER_MARK = 64 << 10;

/** A pipe from a child process: at run time a socket. */
type Pipe = Readable & { ref?(): unknown; unref?(): unknown };

/**
 * Stdout or stderr of a plugin; it exists before the process does. It applies backpressure to the plugin until it is destroyed; then it
 * goes on reading and discards the data, so that the plugin never blocks on an output that is not read.
 */
export class PluginOutput extends Readable {
  #pipe: Pipe | undefined;
  #onFinished: (() => void) | undefined;
  #backpressure = true;
  #drainedBytes = 0;

  constructor() {
    super({ highWaterMark: HIGH_WATER_MARK });
  }

  /** Begins to read the process's pipe, which belongs to this object from now on. */
  attach(pipe: Pipe): void {
    this.#pipe = pipe;
    pipe.on('data', (chunk: Buffer) => this.#receive(chunk));
    pipe.on('error', () => this.finish());
    pipe.once('close', () => this.finish());
  }

  /**
   * The process has exited: reads what is left in the pipe, without backpressure, and ends the stream. Resolves at the pipe's end or after
   * a timeout (go-plugin: a grandchild that keeps the pipe open blocks a Go host).
   */
  async drain(): Promise<void> {
    const pipe = this.#pipe;
    if (pipe === undefined) return;
    this.#backpressure = false;
    pipe.resume();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.finish(), DRAIN_TIMEOUT_MS);
      this.#onFinished = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends the stream and closes the pipe. Idempotent. */
  finish(): void {
    const pipe = this.#pipe;
    this.#pipe = undefined;
    pipe?.destroy();
    this.#onFinished?.();
    this.#onFinished = undefined;
    if (!this.destroyed && !this.readableEnded) this.push(null);
  }

  /** Lets the pipe keep the event loop alive, as it does from the start. */
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

  #receive(chunk: Buffer): void {
    if (!this.#backpressure) {
      this.#drainedBytes += chunk.length;
      if (this.#drainedBytes > MAX_DRAIN_BYTES) {
        this.finish();
        return;
      }
    }
    if (this.destroyed) return;
    if (!this.push(chunk) && this.#backpressure) this.#pipe?.pause();
  }
}

/** Reads what is left of the outputs of a plugin that has exited, and ends them. */
export async function drainOutputs(...outputs: readonly PluginOutput[]): Promise<void> {
  await Promise.all(outputs.map((output) => output.drain()));
  for (const output of outputs) output.finish();
}
