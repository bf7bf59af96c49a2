import { Readable } from 'node:stream';
import { setImmediate } from '../../../streams/turns.js';
import {
  StdioData_Channel as Channel,
  type GRPCStdioDefinition,
  type StdioData,
} from '../gen/internal/plugin/grpc_stdio.js';
import type { CallContext, ServiceOf } from '../shared/service-definition.js';

/** A standard stream of the program. */
export type OutputSource = Readable & {
  /** Called with a chunk that the reader no longer needs, whose memory may be reused. */
  recycle?(chunk: Uint8Array): void;
};

/** The output that a plugin offers to its hosts. */
export interface StdioSources {
  /** What the program writes to its standard output. Read while a host listens, and never destroyed here. */
  readonly stdout: OutputSource;
  readonly stderr: OutputSource;
  /** Most bytes in one message. @default 1024, as go-plugin grpc_stdio.go copyChan reads */
  readonly maxChunkBytes?: number;
  /** Calls `recycle` for chunks that were sent. Not with interceptors: those may keep messages. @default false */
  readonly recycleChunks?: boolean;
}

const MAX_CHUNK_BYTES = 1024;

interface Chunk {
  readonly source: OutputSource;
  readonly message: StdioData;
}

/**
 * Sends the program's standard streams to the host (go-plugin grpc_stdio.go StreamStdio). Nothing is read while no host listens: then the
 * sources fill up to their limit, and the program has to wait. Each byte is sent to one host; a host that comes later continues where an
 * earlier one stopped. Only the host ends the call.
 */
export class StdioService implements ServiceOf<typeof GRPCStdioDefinition> {
  readonly #channels: readonly { readonly channel: Channel; readonly source: OutputSource }[];
  readonly #maxChunkBytes: number;
  readonly #recycleChunks: boolean;
  /** Read from a source and not sent, because the host has ended its call. */
  readonly #unsent: Chunk[] = [];
  readonly #hosts = new Map<Readable, CallContext>();
  /** Called, and removed, when there is something to send. */
  readonly #onData = new Set<() => void>();
  /** Called, and removed, when there is nothing to send, or no host to send it to. */
  readonly #onIdle = new Set<() => void>();
  #next = 0;
  #listening = false;

  constructor({ stdout, stderr, maxChunkBytes = MAX_CHUNK_BYTES, recycleChunks = false }: StdioSources) {
    this.#channels = [
      { channel: Channel.STDOUT, source: stdout },
      { channel: Channel.STDERR, source: stderr },
    ];
    this.#maxChunkBytes = maxChunkBytes;
    this.#recycleChunks = recycleChunks;
  }

  streamStdio(_request: object, call: CallContext): AsyncIterable<StdioData> {
    this.#listen();
    /** Pushed to the stream; the last `stream.readableLength` of them have not been encoded. */
    const pushed: Chunk[] = [];
    const read = (): void => {
      // The server encodes a message before it reads the next one.
      while (pushed.length > stream.readableLength) this.#recycle(pushed.shift()!);
      const chunk = this.#take();
      if (chunk === undefined) {
        this.#onData.add(read);
        return;
      }
      pushed.push(chunk);
      stream.push(chunk.message);
    };
    const stream = new Readable({
      objectMode: true,
      highWaterMark: 1,
      read,
      destroy: (error, done) => {
        this.#onData.delete(read);
        this.#hosts.delete(stream);
        if (stream.readableLength > 0) this.#unsent.push(...pushed.slice(-stream.readableLength));
        if (this.#unsent.length > 0) notify(this.#onData);
        if (this.#hosts.size === 0) notify(this.#onIdle);
        done(error);
      },
    });
    this.#hosts.set(stream, call);
    return stream;
  }

  /** Resolves when all that the sources hold has been handed to a host's connection; at once when no host listens. */
  async flush(): Promise<void> {
    while (this.#hosts.size > 0) {
      if (this.#pending > 0) await new Promise<void>((resolve) => this.#onIdle.add(resolve));
      await Promise.all([...this.#hosts.values()].map((call) => call.flushed()));
      // What was written to a Transform in front of a source is passed on within a turn.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#pending === 0) return;
    }
  }

  /** Bytes and messages that wait; compared with zero only. */
  get #pending(): number {
    const waiting = [...this.#hosts.keys()].reduce((sum, stream) => sum + stream.readableLength, this.#unsent.length);
    return this.#channels.reduce((sum, { source }) => sum + source.readableLength, waiting);
  }

  #take(): Chunk | undefined {
    const chunk = this.#unsent.shift() ?? this.#readNext();
    if (chunk === undefined) notify(this.#onIdle);
    return chunk;
  }

  /** Reads from the sources in turns, so that a busy one does not starve the other. */
  #readNext(): Chunk | undefined {
    for (let tried = 0; tried < this.#channels.length; tried++) {
      const { channel, source } = this.#channels[this.#next]!;
      this.#next = (this.#next + 1) % this.#channels.length;
      const bytes = Math.min(source.readableLength, this.#maxChunkBytes);
      const data: Uint8Array | null = bytes > 0 ? source.read(bytes) : source.read(0);
      if (data !== null && data.byteLength > 0) return { source, message: { channel, data } };
    }
    return undefined;
  }

  #recycle({ source, message }: Chunk): void {
    if (this.#recycleChunks) source.recycle?.(message.data);
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    for (const { source } of this.#channels) source.on('readable', () => notify(this.#onData));
  }
}

function notify(listeners: Set<() => void>): void {
  const called = [...listeners];
  listeners.clear();
  for (const listener of called) listener();
}
