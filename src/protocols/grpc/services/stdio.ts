import { Readable } from 'node:stream';
import {
  StdioData_Channel as Channel,
  type GRPCStdioDefinition,
  type StdioData,
} from '../gen/internal/plugin/grpc_stdio.js';
import type { CallContext, ServiceOf } from '../shared/service-definition.js';

/** A standard stream of the program. */
export type OutputSource = Readable & {
  /** Takes a chunk back that the reader has no further use for, to reuse its memory. */
  recycle?(chunk: Uint8Array): void;
};

/** The output that a plugin offers to its hosts. */
export interface StdioSources {
  /** What the program writes to its standard output; borrowed. Is read only while a host listens. */
  readonly stdout: OutputSource;
  readonly stderr: OutputSource;
  /** Most bytes in one message. @default 1024, as go-plugin grpc_stdio.go copyChan reads */
  readonly maxChunkBytes?: number;
  /** Gives chunks back to their source once they were sent. Not with interceptors: those may keep messages. @default false */
  readonly recycleChunks?: boolean;
}

const MAX_CHUNK_BYTES = 1024;

interface Chunk {
  readonly source: OutputSource;
  readonly message: StdioData;
}

/**
 * Carries the program's standard streams to the host. Nothing is read while no host listens: the sources fill up to their bound and
 * their writers wait. Each byte is sent once; several hosts share them, and a later one goes on where an earlier one stopped. The
 * call ends only when the host ends it (go-plugin grpc_stdio.go StreamStdio).
 */
export class StdioService implements ServiceOf<typeof GRPCStdioDefinition> {
  readonly #outlets: readonly { readonly channel: Channel; readonly source: OutputSource }[];
  readonly #maxChunkBytes: number;
  readonly #recycleChunks: boolean;
  /** Read from a source and not sent, because the host has left. */
  readonly #unsent: Chunk[] = [];
  readonly #hosts = new Map<Readable, CallContext>();
  /** Called once, when there is something to send. */
  readonly #onData = new Set<() => void>();
  /** Called once, when there is nothing left to send, or no host to send it to. */
  readonly #onIdle = new Set<() => void>();
  #turn = 0;
  #listening = false;

  constructor({ stdout, stderr, maxChunkBytes = MAX_CHUNK_BYTES, recycleChunks = false }: StdioSources) {
    this.#outlets = [
      { channel: Channel.STDOUT, source: stdout },
      { channel: Channel.STDERR, source: stderr },
    ];
    this.#maxChunkBytes = maxChunkBytes;
    this.#recycleChunks = recycleChunks;
  }

  streamStdio(_request: object, call: CallContext): AsyncIterable<StdioData> {
    this.#listen();
    /** Pushed to the stream and not known to be sent. */
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
      // A Transform passes on within a turn what was written to it.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#pending === 0) return;
    }
  }

  /** Bytes and messages that wait; zero when nothing does. */
  get #pending(): number {
    const waiting = [...this.#hosts.keys()].reduce((sum, stream) => sum + stream.readableLength, this.#unsent.length);
    return this.#outlets.reduce((sum, { source }) => sum + source.readableLength, waiting);
  }

  #take(): Chunk | undefined {
    const chunk = this.#unsent.shift() ?? this.#readNext();
    if (chunk === undefined) notify(this.#onIdle);
    return chunk;
  }

  /** Reads from the sources in turns, so that a busy one does not starve the other. */
  #readNext(): Chunk | undefined {
    for (let tried = 0; tried < this.#outlets.length; tried++) {
      const { channel, source } = this.#outlets[this.#turn]!;
      this.#turn = (this.#turn + 1) % this.#outlets.length;
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
    for (const { source } of this.#outlets) source.on('readable', () => notify(this.#onData));
  }
}

function notify(listeners: Set<() => void>): void {
  const called = [...listeners];
  listeners.clear();
  for (const listener of called) listener();
}
