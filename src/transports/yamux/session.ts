import type { Duplex } from 'node:stream';
import type { Observable } from 'rxjs';
import { ClosedError, OptionsError, PluginError } from '../../errors.js';
import { YamuxFlag, YamuxFrameType, YamuxGoAway } from '../../wire/yamux/header.js';
import type { DialOptions } from '../transport.js';
import { closeGracefully } from './close-gracefully.js';
import { Deadline } from './deadline.js';
import {
  connectionBroke,
  connectionEnded,
  keepAliveFailed,
  peerFlooded,
  peerTakesNoStreams,
  peerWentAway,
  streamUnacknowledged,
  writeStalled,
} from './errors.js';
import { isRemote } from './is-remote.js';
import {
  DEFAULT_YAMUX_OPTIONS,
  type ResolvedYamuxOptions,
  resolveLocalYamuxOptions,
  resolveYamuxOptions,
  type YamuxOptions,
} from './options.js';
import { Outbox } from './outbox.js';
import { Pings } from './pings.js';
import { Receiver } from './receiver.js';
import type { YamuxStream } from './stream.js';
import { StreamTable } from './stream-table.js';

/** The end of the connection: the one that dialed has odd stream ids, the one that accepted even ones. */
export type YamuxRole = 'client' | 'server';

export interface YamuxSessionOptions extends YamuxOptions {
  readonly role: YamuxRole;
}

/** How much a session holds; all are zero when nothing is in use. */
export interface YamuxCounts {
  /** Streams that are not over for both ends, including those not accepted yet. */
  readonly streams: number;
  /** Incoming streams that wait for `stream$`'s subscriber. */
  readonly backlog: number;
  /** Our streams that the peer has not acknowledged. */
  readonly unacknowledged: number;
  /** Calls of `open` that wait until fewer streams are unacknowledged. */
  readonly waitingOpens: number;
  readonly pings: number;
}

/** Starts a yamux session on a connection, which the session owns from here on. Throws OptionsError. */
export function createYamuxSession(connection: Duplex, options: YamuxSessionOptions): YamuxSession {
  const { role } = options;
  if (role !== 'client' && role !== 'server')
    throw new OptionsError(
      `Expected the yamux \`role\` option to be 'client' or 'server', got \`${String(role)}\` (${typeof role}).`,
    );
  const watches = options.keepAlive !== undefined || isRemote(connection);
  const resolved = watches ? resolveYamuxOptions(options) : resolveLocalYamuxOptions(options);
  const session = new YamuxSession(connection, role === 'client' ? 1 : 2, resolved);
  session.start();
  return session;
}

/** Many streams over one connection, compatible with hashicorp/yamux. */
export class YamuxSession implements AsyncDisposable {
  /**
   * Resolves when the session has ended and the connection is closed: with the error that ended it, or undefined after `close`. Never
   * rejects.
   */
  readonly closed: Promise<PluginError | undefined>;
  readonly #connection: Duplex;
  readonly #options: ResolvedYamuxOptions;
  readonly #outbox: Outbox;
  readonly #table: StreamTable;
  readonly #pings: Pings;
  readonly #receiver: Receiver;
  readonly #keepAlive: Deadline;
  /** Chunks that were received in this turn. */
  #chunks: Uint8Array[] = [];
  #isOver = false;
  #onClosed!: (cause: PluginError | undefined) => void;

  /** @internal For `createYamuxSession`, and for tests, which cannot open 2^31 streams to see the ids end. */
  constructor(connection: Duplex, firstId: number, options: ResolvedYamuxOptions) {
    const { protocolError, internalError } = YamuxGoAway;
    this.#connection = connection;
    this.#options = options;
    this.#outbox = new Outbox(connection, options.writeTimeoutMs, {
      onStalled: () => this.#end(writeStalled(options.writeTimeoutMs)),
      onFlooded: () => this.#end(peerFlooded(), protocolError),
    });
    this.#table = new StreamTable(firstId, options, this.#outbox, (id) =>
      this.#end(streamUnacknowledged(id, options.openTimeoutMs), internalError),
    );
    this.#pings = new Pings((value) => this.#outbox.control(YamuxFrameType.ping, YamuxFlag.syn, 0, value));
    this.#receiver = new Receiver({
      table: this.#table,
      pings: this.#pings,
      outbox: this.#outbox,
      onGoAway: (code) => this.#onGoAway(code),
    });
    this.#keepAlive = new Deadline(options.keepAliveIntervalMs, () => void this.#checkConnection());
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
  }

  /**
   * The streams that the peer opens, hot, for one subscriber at a time, which owns them. A stream is accepted when it is emitted; without a
   * subscriber streams wait, `acceptBacklog` at most. Completes when the session ends, for whatever reason.
   */
  get stream$(): Observable<YamuxStream> {
    return this.#table.incoming.stream$;
  }

  get counts(): YamuxCounts {
    return {
      streams: this.#table.size,
      backlog: this.#table.incoming.size,
      unacknowledged: this.#table.outgoing.unacknowledged,
      waitingOpens: this.#table.outgoing.waiting,
      pings: this.#pings.pending,
    };
  }

  /** @internal Starts to read. */
  start(): void {
    const connection = this.#connection;
    connection.on('error', (error: Error) => this.#onConnectionEnd(connectionBroke(error)));
    connection.on('end', () => this.#onConnectionEnd(connectionEnded(this.#receiver.atBoundary)));
    connection.on('close', () => this.#onConnectionEnd(connectionEnded(this.#receiver.atBoundary)));
    connection.on('drain', () => this.#outbox.onDrain());
    connection.on('data', (chunk: Uint8Array) => this.#onChunk(chunk));
    if (this.#options.keepAlive) this.#keepAlive.arm();
    if (connection.closed || connection.readableEnded)
      process.nextTick(() => this.#onConnectionEnd(connectionEnded(true)));
  }

  /**
   * Opens a stream. Bytes may be written before the peer accepts it; streams reach the peer in the order of the calls. Waits while
   * `acceptBacklog` streams are unacknowledged; the signal ends that wait. Rejects with TransportError ERR_DIAL when the peer takes no more
   * streams or the ids are used up, and with the error that ended the session.
   */
  open(options?: DialOptions): Promise<YamuxStream> {
    return this.#table.outgoing.open(options);
  }

  /** Resolves with the round trip in milliseconds, within 10 s by default. Rejects with PluginCallError ERR_PING, which does not end the session. */
  ping(options: { readonly timeoutMs?: number } = {}): Promise<number> {
    return this.#pings.ping(options.timeoutMs ?? DEFAULT_YAMUX_OPTIONS.writeTimeoutMs);
  }

  /** Asks the peer to open no more streams, and resets those that it opens nevertheless. Open streams, and `open`, are not affected. */
  goAway(): void {
    if (this.#receiver.refuseStreams()) this.#outbox.control(YamuxFrameType.goAway, 0, 0, YamuxGoAway.normal);
  }

  /** Whether the connection may keep the event loop alive. The session's timers never do. */
  ref(): void {
    if ('ref' in this.#connection && typeof this.#connection.ref === 'function') this.#connection.ref();
  }

  unref(): void {
    if ('unref' in this.#connection && typeof this.#connection.unref === 'function') this.#connection.unref();
  }

  /** Resolves when the streams have sent what was acknowledged to their writers, which takes as long as the peer reads nothing. Never rejects. */
  sent(): Promise<void> {
    return this.#table.sent();
  }

  /**
   * Fails all streams, writes what they have sent before, and closes the connection, without go-away, as Go does. Idempotent; resolves
   * within about a second even when the peer does not react.
   */
  async close(): Promise<void> {
    this.#end(undefined);
    await this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Bytes are handled on the next tick. A connection within this process delivers them inside a `write`, and delivering to a stream from
   * there crashes node:http2 up to Node 24 (`Assertion failed: session->is_reading_stopped()`).
   */
  #onChunk(chunk: Uint8Array): void {
    if (this.#isOver) return;
    this.#chunks.push(chunk);
    if (this.#chunks.length === 1) process.nextTick(() => this.#receive());
  }

  #receive(): void {
    const chunks = this.#chunks;
    this.#chunks = [];
    try {
      for (const chunk of chunks) this.#receiver.push(chunk);
    } catch (error) {
      const cause = PluginError.is(error) ? error : connectionBroke(error);
      this.#end(cause, YamuxGoAway.protocolError);
    }
    this.#receiver.deliver();
  }

  #onConnectionEnd(cause: PluginError): void {
    if (this.#isOver) return;
    this.#receive();
    this.#end(cause);
  }

  #onGoAway(code: number): void {
    if (code === YamuxGoAway.normal) this.#table.outgoing.refuse(peerTakesNoStreams());
    else this.#end(peerWentAway(code));
  }

  async #checkConnection(): Promise<void> {
    try {
      await this.#pings.ping(this.#options.writeTimeoutMs);
      if (!this.#isOver) this.#keepAlive.arm();
    } catch (error) {
      this.#end(keepAliveFailed(this.#options.writeTimeoutMs, error));
    }
  }

  /**
   * The first cause is kept. Unless it is `close`, what was received before can still be read, as after the end of a socket.
   */
  #end(cause: PluginError | undefined, goAway?: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const reason = cause ?? new ClosedError('ERR_CLOSED', 'The yamux session was closed by this side.');
    this.#keepAlive.cancel();
    this.#receiver.stop();
    if (goAway !== undefined) this.#outbox.control(YamuxFrameType.goAway, 0, 0, goAway);
    this.#outbox.finish();
    this.#pings.close(reason);
    this.#table.end(reason, cause !== undefined);
    void closeGracefully(this.#connection).then(() => this.#onClosed(cause));
  }
}
