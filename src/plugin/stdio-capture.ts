import type { Readable } from 'node:stream';
import { CapturedOutput } from './captured-output.js';
import { captureDescriptor } from './descriptor-capture.js';

type WriteCallback = (error?: Error | null) => void;
type Write = NodeJS.WriteStream['write'];

const UNCAPTURED = Symbol('uncaptured');

/** How to write to a stream itself, whether or not what the program writes to it is captured. */
export function uncapturedWrite(stream: NodeJS.WriteStream): Write {
  const { write } = stream as { write: Write & { readonly [UNCAPTURED]?: Write } };
  return write[UNCAPTURED] ?? (write.bind(stream) as Write);
}

/** How much captured output may wait, and what becomes of more. */
export interface StdioCaptureOptions {
  /** Bytes of a stream that may wait for a reader before `write` returns false. @default 64 KiB, a pipe's */
  readonly highWaterBytes?: number;
  /** Bytes of a stream that may wait in all; what a writer that ignores `drain` adds is dropped. @default 16 MiB */
  readonly maxBufferedBytes?: number;
  /** Also writes everything to the real stream. @default false */
  readonly tee?: boolean;
  /** Told once per run of losses, with the number of bytes that did not fit. */
  readonly onDropped?: (stream: 'stdout' | 'stderr', bytes: number) => void;
}

const HIGH_WATER_BYTES = 65_536;
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;
const STDOUT_FD = 1;

/**
 * Takes over what the program writes to `process.stdout` and `process.stderr` (console and libraries included) and offers it as two
 * Readables; with the first also what is written to descriptor 1 by `node:fs`. The real streams stay open: the first carries the
 * handshake, by way of `realStdout`, the second the log, which writes to descriptor 2 go to as well. Not seen are native code, child
 * processes that inherit stdout, and writes to the descriptor by other threads.
 *
 * Node cannot block a writer as Go does; it is told by `write` returning false and `drain`, as with any stream.
 */
export class StdioCapture {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Writes to the real stdout, captured or not; resolves when the text is out. */
  readonly realStdout: (text: string) => Promise<void>;
  readonly #streams: readonly CapturedStream[];
  readonly #captureDescriptor: () => () => void;
  #releaseDescriptor: (() => void) | undefined;

  constructor(options: StdioCaptureOptions = {}) {
    const stdout = new CapturedStream('stdout', process.stdout, options);
    const stderr = new CapturedStream('stderr', process.stderr, options);
    this.#streams = [stdout, stderr];
    this.stdout = stdout.readable;
    this.stderr = stderr.readable;
    const tee = options.tee === true;
    this.#captureDescriptor = () =>
      captureDescriptor(STDOUT_FD, (bytes, done) => void stdout.take(bytes, done), { tee });
    this.realStdout = (text) =>
      new Promise((resolve, reject) => stdout.writeReal(text, (error) => (error ? reject(error) : resolve())));
  }

  /** From here on writes go to the Readables. */
  start(): void {
    for (const stream of this.#streams) stream.start();
    this.#releaseDescriptor ??= this.#captureDescriptor();
  }

  /**
   * Nobody will read what was captured: writes it to the real stderr, which the host logs. Stdout too, for what is printed there must not
   * precede a handshake.
   */
  release(): void {
    for (const stream of this.#streams) stream.release();
  }

  /** Gives the real streams back and ends the Readables after what they still hold. Idempotent. */
  stop(): void {
    this.#releaseDescriptor?.();
    this.#releaseDescriptor = undefined;
    for (const stream of this.#streams) stream.stop();
  }
}

class CapturedStream {
  readonly readable: CapturedOutput;
  readonly #name: 'stdout' | 'stderr';
  readonly #target: NodeJS.WriteStream;
  readonly #original: Write;
  /** What `write` was as a property of the stream itself, if somebody else had replaced it. */
  readonly #former: PropertyDescriptor | undefined;
  readonly #options: StdioCaptureOptions;
  #droppedBytes = 0;
  #captured = false;

  constructor(name: 'stdout' | 'stderr', target: NodeJS.WriteStream, options: StdioCaptureOptions) {
    this.#name = name;
    this.#target = target;
    this.#original = target.write.bind(target) as Write;
    this.#former = Object.getOwnPropertyDescriptor(target, 'write');
    this.#options = options;
    const highWaterMark = options.highWaterBytes ?? HIGH_WATER_BYTES;
    this.readable = new CapturedOutput({ readableHighWaterMark: highWaterMark, writableHighWaterMark: highWaterMark });
    this.readable.on('drain', () => this.#onDrain());
  }

  start(): void {
    this.#captured = true;
    // For good: a host that was killed reads no more, and the EPIPE of the next log line must not end a plugin that has a hook to run.
    if (!this.#target.listeners('error').includes(noop)) this.#target.on('error', noop);
    const write = ((chunk: string | Uint8Array, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback) =>
      typeof encoding === 'function'
        ? this.#write(chunk, undefined, encoding)
        : this.#write(chunk, encoding, callback)) as Write;
    this.#target.write = Object.assign(write, { [UNCAPTURED]: this.#original });
  }

  stop(): void {
    if (this.#captured) restore(this.#target, this.#former);
    this.#captured = false;
    this.readable.end();
  }

  release(): void {
    const write = uncapturedWrite(process.stderr);
    for (let chunk: Buffer | null; (chunk = this.readable.read() as Buffer | null) !== null; ) write(chunk);
  }

  writeReal(text: string, callback: WriteCallback): void {
    this.#original(text, undefined, callback);
  }

  #write(
    chunk: string | Uint8Array,
    encoding: BufferEncoding | undefined,
    callback: WriteCallback | undefined,
  ): boolean {
    if (this.#options.tee === true) this.#original(chunk as string, encoding);
    if (typeof chunk !== 'string') return this.take(chunk, callback);
    const bytes = Buffer.from(chunk, encoding);
    return this.#hasRoom(bytes, callback) && this.readable.write(bytes, callback ?? noop);
  }

  /** Captures a copy of the bytes. Returns what `write` returns. */
  take(bytes: Uint8Array, callback: WriteCallback | undefined): boolean {
    return this.#hasRoom(bytes, callback) && this.readable.writeCopy(bytes, callback ?? noop);
  }

  /** Drops the bytes if they do not fit. */
  #hasRoom(bytes: Uint8Array, callback: WriteCallback | undefined): boolean {
    const buffered = this.readable.writableLength + this.readable.readableLength;
    if (buffered + bytes.byteLength > (this.#options.maxBufferedBytes ?? MAX_BUFFERED_BYTES)) {
      this.#droppedBytes += bytes.byteLength;
      if (callback !== undefined) process.nextTick(callback);
      return false;
    }
    return true;
  }

  #onDrain(): void {
    const dropped = this.#droppedBytes;
    this.#droppedBytes = 0;
    if (dropped > 0) this.#options.onDropped?.(this.#name, dropped);
    this.#target.emit('drain');
  }
}

function restore(target: NodeJS.WriteStream, former: PropertyDescriptor | undefined): void {
  if (former === undefined) Reflect.deleteProperty(target, 'write');
  else Object.defineProperty(target, 'write', former);
}

function noop(): void {}
