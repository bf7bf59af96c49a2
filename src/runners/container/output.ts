import { type Duplex, Readable } from 'node:stream';
import { PluginOutput } from '../plugin-output.js';
import { type ContainerChunk, ContainerFrameDecoder, type ContainerStream } from './frames.js';

/** How long the engine may take to hand over what a container has written before its end. */
const LAST_WORDS_MS = 400;

const MAX_FIRST_BYTES = 4096;

type Pipes = Readonly<Record<ContainerStream, Pipe>>;

/** Both output streams of a container, from the one connection on which the engine sends them. */
export class ContainerOutput {
  readonly stdout = new PluginOutput();
  readonly stderr = new PluginOutput();
  readonly #pipes: Pipes;
  #socket: Duplex | undefined;
  #firstWords = Buffer.alloc(0);
  #holding = true;
  #ended = false;

  constructor() {
    const pipe = () => new Pipe(() => this.#resume());
    this.#pipes = { stdout: pipe(), stderr: pipe() };
    this.stdout.attach(this.#pipes.stdout);
    this.stderr.attach(this.#pipes.stderr);
  }

  /** The beginning of stderr, 4 KiB at most. */
  get firstWords(): string {
    return this.#firstWords.toString('utf8');
  }

  /** Begins to carry what the engine sends; the connection belongs to this object from here on. */
  attach(socket: Duplex, head: Uint8Array): void {
    this.#socket = socket;
    const decoder = new ContainerFrameDecoder();
    const take = (bytes: Uint8Array) => {
      try {
        this.#give(decoder.decode(bytes));
      } catch {
        // Nothing that comes after it can be understood.
        socket.destroy();
        this.#end();
      }
    };
    socket.on('error', () => {}).on('data', take);
    this.#holdSocket();
    take(head);
  }

  /** The container is gone: takes over what is still on its way, adds `lastWords` to stderr, and ends. Bounded. */
  async finish(lastWords = ''): Promise<void> {
    const drained = Promise.all([this.stdout.drain(), this.stderr.drain()]);
    this.#resume();
    await closed(this.#socket, LAST_WORDS_MS);
    this.#socket?.destroy();
    this.#end(lastWords);
    await drained;
  }

  /** Whether the connection keeps the event loop alive. */
  hold(holding: boolean): void {
    this.#holding = holding;
    this.#holdSocket();
  }

  #end(lastWords = ''): void {
    if (this.#ended) return;
    this.#ended = true;
    if (lastWords !== '') this.#pipes.stderr.push(Buffer.from(lastWords));
    for (const pipe of Object.values(this.#pipes)) pipe.push(null);
  }

  #holdSocket(): void {
    const socket = this.#socket as (Duplex & { ref?(): void; unref?(): void }) | undefined;
    if (this.#holding) socket?.ref?.();
    else socket?.unref?.();
  }

  #give(chunks: readonly ContainerChunk[]): void {
    for (const { stream, data } of chunks) {
      if (stream === 'stderr' && this.#firstWords.length < MAX_FIRST_BYTES)
        this.#firstWords = Buffer.concat([this.#firstWords, data]).subarray(0, MAX_FIRST_BYTES);
      this.#pipes[stream].give(data);
    }
    if (this.#full) this.#socket?.pause();
  }

  /** Both streams share a connection: the slower reader sets the pace of both. */
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

  /** From the chunk that was one too many until the reader asks for more. */
  get full(): boolean {
    return this.#full && !this.destroyed;
  }

  give(data: Uint8Array): void {
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
