import { Readable } from 'node:stream';
import { blocks } from '../../../wire/block-pool.js';
import { StdioData_Channel as Channel, GRPCStdioDefinition, StdioData } from '../gen/internal/plugin/grpc_stdio.js';
import type { CallContext, ServiceOf } from '../shared/service-definition.js';

/** The output that a plugin offers to its hosts. */
export interface StdioSources {
  /** What the program writes to its standard output; borrowed. Is read only for a host that listens. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Most bytes in one message. @default 1024, as go-plugin grpc_stdio.go copyChan reads */
  readonly maxChunkBytes?: number;
}

const MAX_CHUNK_BYTES = 1024;

/** The service, for our server: memory that was lent for a chunk is free once the chunk is in a message. */
export const STDIO_DEFINITION = {
  ...GRPCStdioDefinition,
  methods: {
    streamStdio: {
      ...GRPCStdioDefinition.methods.streamStdio,
      responseType: { ...StdioData, release: ({ data }: StdioData) => blocks.giveBack(data) },
    },
  },
} as const;

/**
 * Carries the program's standard streams to the host. Nothing is read while no host listens: the sources fill up to their bound and
 * their writers wait. Each byte is sent once; several hosts share them, and a later one goes on where an earlier one stopped. The
 * call ends only when the host ends it (go-plugin grpc_stdio.go StreamStdio).
 */
export class StdioService implements ServiceOf<typeof GRPCStdioDefinition> {
  readonly #outlets: readonly { readonly channel: Channel; readonly source: Readable }[];
  readonly #maxChunkBytes: number;
  /** Read from a source, but not by a host: what a host that left had not taken yet. */
  readonly #returned: StdioData[] = [];
  readonly #hosts = new Map<Readable, CallContext>();
  /** Called, and forgotten, when there is something to take. */
  readonly #hungry = new Set<() => void>();
  /** Called, and forgotten, when there is nothing left to take. */
  readonly #watchers = new Set<() => void>();
  #turn = 0;
  #attached = false;

  constructor({ stdout, stderr, maxChunkBytes = MAX_CHUNK_BYTES }: StdioSources) {
    this.#outlets = [
      { channel: Channel.STDOUT, source: stdout },
      { channel: Channel.STDERR, source: stderr },
    ];
    this.#maxChunkBytes = maxChunkBytes;
  }

  streamStdio(_request: object, call: CallContext): AsyncIterable<StdioData> {
    this.#attach();
    const unread: StdioData[] = [];
    const read = (): void => {
      const data = this.#take();
      if (data === undefined) {
        this.#hungry.add(read);
        return;
      }
      unread.push(data);
      if (unread.length > 2) unread.shift();
      stream.push(data);
    };
    const stream = new Readable({
      objectMode: true,
      highWaterMark: 1,
      read,
      destroy: (error, done) => {
        this.#hungry.delete(read);
        this.#hosts.delete(stream);
        if (stream.readableLength > 0) this.#returned.push(...unread.slice(-stream.readableLength));
        if (this.#returned.length > 0) this.#tell(this.#hungry);
        if (this.#hosts.size === 0) this.#tell(this.#watchers);
        done(error);
      },
    });
    this.#hosts.set(stream, call);
    return stream;
  }

  /** Resolves when all that the sources hold has been handed to a host's connection; at once when no host listens. */
  async flush(): Promise<void> {
    while (this.#hosts.size > 0) {
      if (this.#pending > 0) await new Promise<void>((resolve) => this.#watchers.add(resolve));
      await Promise.all([...this.#hosts.values()].map((call) => call.flushed()));
      // What a source still carries on its way to its reader arrives within a turn.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#pending === 0) return;
    }
  }

  /** Zero when nothing waits. */
  get #pending(): number {
    const waiting = [...this.#hosts.keys()].reduce((sum, stream) => sum + stream.readableLength, this.#returned.length);
    return this.#outlets.reduce((sum, { source }) => sum + source.readableLength, waiting);
  }

  #take(): StdioData | undefined {
    const data = this.#returned.shift() ?? this.#readNext();
    if (data === undefined) this.#tell(this.#watchers);
    return data;
  }

  /** Takes turns, so that a busy stream does not starve the other. */
  #readNext(): StdioData | undefined {
    for (let tried = 0; tried < this.#outlets.length; tried++) {
      const { channel, source } = this.#outlets[this.#turn]!;
      this.#turn = (this.#turn + 1) % this.#outlets.length;
      const bytes = Math.min(source.readableLength, this.#maxChunkBytes);
      const data: Uint8Array | null = bytes > 0 ? source.read(bytes) : source.read(0);
      if (data !== null && data.byteLength > 0) return { channel, data };
    }
    return undefined;
  }

  #attach(): void {
    if (this.#attached) return;
    this.#attached = true;
    for (const { source } of this.#outlets) source.on('readable', () => this.#tell(this.#hungry));
  }

  #tell(listeners: Set<() => void>): void {
    const called = [...listeners];
    listeners.clear();
    for (const listener of called) listener();
  }
}
