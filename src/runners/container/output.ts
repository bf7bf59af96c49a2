import { type Duplex, Readable } from 'node:stream';
import { PluginOutput } from '../plugin-output.js';
import { type ContainerChunk, ContainerFrameDecoder, type ContainerStream } from './frames.js';

/** How long the engine may take to send the rest of the output of a container that has exited. */
const DRAIN_TIMEOUT_MS = 400;

const MAX_HEAD_BYTES = 4096;

type Pipes = Readonly<Record<ContainerStream, Pipe>>;

/** Stdout and stderr of a container, which the engine sends over one connection. */
export class ContainerOutput {
  readonly stdout = new PluginOutput();
  readonly stderr = new PluginOutput();
  readonly #pipes: Pipes;
  #socket: Duplex | undefined;
  #stderrHead = Buffer.alloc(0);
  #referenced = true;
  #ended = false;

  constructor() {
    const pipe = () => new Pipe(() => this.#resume());
    this.#pipes = { stdout: pipe(), stderr: pipe() };
    this.stdout.attach(this.#pipes.stdout);
    this.stderr.attach(this.#pipes.stderr);
  }

  /** The first 4 KiB of stderr. */
  get stderrHead(): string {
    return this.#stderrHead.toString('utf8');
  }

  /** Begins to read the connection, which belongs to this object from now on. `head`: bytes that were read already. */
  attach(socket: Duplex, head: Uint8Array): void {
    this.#socket = socket;
    const decoder = new ContainerFrameDecoder();
    const take = (bytes: Uint8Array) => {
      try {
        this.#distribute(decoder.decode(bytes));
      } catch {
        // After an invalid frame nothing else can be decoded.
        socket.destroy();
        this.#end();
      }
    };
    socket.on('error', () => {}).on('data', take);
    if (!this.#referenced) unref(socket);
    take(head);
  }

  /** The container has exited: reads the rest of its output, for a limited time, appends `lastLine` to stderr, and ends both streams. */
  async finish(lastLine = ''): Promise<void> {
    const drained = Promise.all([this.stdout.drain(), this.stderr.drain()]);
    this.#resume();
    await closed(this.#socket, DRAIN_TIMEOUT_MS);
    this.#socket?.destroy();
    this.#end(lastLine);
    await drained;
  }

  /** Lets the connection keep the event loop alive, as it does from the start. */
  ref(): void {
    this.#referenced = true;
    (this.#socket as Referenced | undefined)?.ref?.();
  }

  unref(): void {
    this.#referenced = false;
    if (this.#socket !== undefined) unref(this.#socket);
  }

  #end(lastLine = ''): void {
    if (this.#ended) return;
    this.#ended = true;
    if (lastLine !== '') this.#pipes.stderr.push(Buffer.from(lastLine));
    for (const pipe of Object.values(this.#pipes)) pipe.push(null);
  }

  #distribute(chunks: readonly ContainerChunk[]): void {
    for (const { stream, data } of chunks) {
      if (stream === 'stderr' && this.#stderrHead.length < MAX_HEAD_BYTES)
        this.#stderrHead = Buffer.concat([this.#stderrHead, data]).subarray(0, MAX_HEAD_BYTES);
      this.#pipes[stream].write(data);
    }
    if (this.#full) this.#socket?.pause();
  }

  /** The streams share a connection, so the slower reader holds up both. */
  get #full(): boolean {
    return this.#pipes.stdout.full || this.#pipes.stderr.full;
  }

  #resume(): void {
    if (!this.#full) this.#socket?.resume();
  }
}

class Pipe extends Readable {
  readonly #onRoom: () => void;
  #full = false;

  constructor(onRoom: () => void) {
    super();
    this.#onRoom = onRoom;
  }

  /** Whether the buffer is full and the reader has not asked for more. */
  get full(): boolean {
    return this.#full && !this.destroyed;
  }

  write(data: Uint8Array): void {
    this.#full = !this.push(data);
  }

  override _read(): void {
    this.#full = false;
    this.#onRoom();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#full = false;
    this.#onRoom();
    callback(error);
  }
}

/** A connection that can keep the event loop alive: at run time a socket. */
type Referenced = Duplex & { ref?(): void; unref?(): void };

function unref(socket: Referenced): void {
  socket.unref?.();
}

async function closed(socket: Duplex | undefined, atMostMs: number): Promise<void> {
  if (socket === undefined || socket.closed) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, atMostMs);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
