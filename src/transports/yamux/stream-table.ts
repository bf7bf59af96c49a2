import type { PluginError } from '../../errors.js';
import { YamuxFlag } from '../../wire/yamux/header.js';
import { Incoming } from './incoming.js';
import type { ResolvedYamuxOptions } from './options.js';
import type { Outbox } from './outbox.js';
import { Outgoing } from './outgoing.js';
import { type StreamSession, YamuxStream } from './stream.js';

/** The streams of a session that are not over for both ends, by id. */
export class StreamTable implements StreamSession {
  readonly options: ResolvedYamuxOptions;
  readonly outbox: Outbox;
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
  readonly #live = new Map<number, YamuxStream>();
  readonly #parity: number;
  #peerStreams = 0;

  /** `firstId` is our first stream id; `onOpenTimeout` is told of a stream that the peer did not acknowledge in time. */
  constructor(firstId: number, options: ResolvedYamuxOptions, outbox: Outbox, onOpenTimeout: (id: number) => void) {
    this.options = options;
    this.outbox = outbox;
    this.#parity = firstId % 2;
    this.incoming = new Incoming(options.acceptBacklog, (stream) => stream.announce(YamuxFlag.ack));
    this.outgoing = new Outgoing({
      firstId,
      limit: options.acceptBacklog,
      openTimeoutMs: options.openTimeoutMs,
      create: (id) => {
        const stream = this.#add(id);
        stream.announce(YamuxFlag.syn);
        return stream;
      },
      onOpenTimeout,
    });
  }

  get size(): number {
    return this.#live.size;
  }

  get(id: number): YamuxStream | undefined {
    return this.#live.get(id);
  }

  /** Whether the peer may use this id for a stream of its own. (Go checks neither this nor that the ids grow.) */
  isPeerId(id: number): boolean {
    return id !== 0 && id % 2 !== this.#parity;
  }

  /** Whether the peer may open one more stream. */
  get hasRoom(): boolean {
    return this.incoming.hasRoom && this.#peerStreams < this.options.maxIncomingStreams;
  }

  /** A stream that the peer opened; not offered to anyone yet. */
  addIncoming(id: number): YamuxStream {
    this.#peerStreams++;
    return this.#add(id);
  }

  halfClosed(stream: YamuxStream): void {
    this.outgoing.stopWaiting(stream.id);
  }

  forget(stream: YamuxStream): void {
    if (!this.#live.delete(stream.id)) return;
    if (this.isPeerId(stream.id)) {
      this.#peerStreams--;
      this.incoming.withdraw(stream);
    } else this.outgoing.settle(stream.id);
  }

  /** The session is over: every stream and every pending open fails. */
  end(reason: PluginError, drain: boolean): void {
    this.outgoing.close(reason);
    this.incoming.close();
    for (const stream of this.#live.values()) stream.sessionEnded(reason, drain);
  }

  #add(id: number): YamuxStream {
    const stream = new YamuxStream(id, this);
    this.#live.set(id, stream);
    return stream;
  }
}
