import type { PluginError } from '../../errors.js';
import { YamuxFlag } from '../../wire/yamux/header.js';
import { Incoming } from './incoming.js';
import type { ResolvedYamuxOptions } from './options.js';
import type { Outbox } from './outbox.js';
import { Outgoing } from './outgoing.js';
import { type StreamContext, YamuxStream } from './stream.js';

/** The streams of a session that are not over for both ends, by id. */
export class StreamTable {
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
  readonly #streams = new Map<number, YamuxStream>();
  readonly #context: StreamContext;
  readonly #maxIncomingStreams: number;
  readonly #parity: number;
  #incomingStreams = 0;

  /** `firstId` is our first stream id. `onOpenTimeout` is called for a stream that the peer did not acknowledge in time. */
  constructor(firstId: number, options: ResolvedYamuxOptions, outbox: Outbox, onOpenTimeout: (id: number) => void) {
    this.#maxIncomingStreams = options.maxIncomingStreams;
    this.#parity = firstId % 2;
    this.#context = {
      options,
      outbox,
      onLocalClose: (stream) => this.outgoing.stopDeadline(stream.id),
      onOver: (stream) => this.#remove(stream),
    };
    this.incoming = new Incoming(options.acceptBacklog, (stream) => stream.announce(YamuxFlag.ack));
    this.outgoing = new Outgoing({
      firstId,
      limit: options.acceptBacklog,
      openTimeoutMs: options.openTimeoutMs,
      create: (id) => {
        const stream = this.#add(new YamuxStream(id, 'SYN sent', this.#context));
        stream.announce(YamuxFlag.syn);
        return stream;
      },
      onOpenTimeout,
    });
  }

  get size(): number {
    return this.#streams.size;
  }

  get(id: number): YamuxStream | undefined {
    return this.#streams.get(id);
  }

  /** Whether the peer may use this id for a stream of its own. (Go checks neither this nor that the ids grow.) */
  isPeerId(id: number): boolean {
    return id !== 0 && id % 2 !== this.#parity;
  }

  /** Whether the peer may open one more stream. */
  get hasRoom(): boolean {
    return this.incoming.hasRoom && this.#incomingStreams < this.#maxIncomingStreams;
  }

  /** Adds a stream that the peer has opened, without offering it to `incoming`. */
  addIncoming(id: number): YamuxStream {
    this.#incomingStreams++;
    return this.#add(new YamuxStream(id, 'SYN received', this.#context));
  }

  /** The peer has acknowledged the stream. */
  acknowledge(stream: YamuxStream): void {
    stream.receiveAck();
    this.outgoing.settle(stream.id);
  }

  /** Resolves when every stream has sent what was acknowledged to its writer. Never rejects. */
  async sent(): Promise<void> {
    await Promise.all([...this.#streams.values()].map((stream) => stream.sent()));
  }

  /** The session has ended: every stream and every waiting `open` fails. */
  end(reason: PluginError, drain: boolean): void {
    this.outgoing.close(reason);
    this.incoming.close();
    for (const stream of this.#streams.values()) stream.sessionEnded(reason, drain);
  }

  #add(stream: YamuxStream): YamuxStream {
    this.#streams.set(stream.id, stream);
    return stream;
  }

  #remove(stream: YamuxStream): void {
    if (!this.#streams.delete(stream.id)) return;
    if (this.isPeerId(stream.id)) {
      this.#incomingStreams--;
      this.incoming.withdraw(stream);
    } else this.outgoing.settle(stream.id);
  }
}
