import type { Duplex } from 'node:stream';
import { Observable, type Subscriber } from 'rxjs';
import { type Delivery, type ErrorDetails, PluginCallError, PluginError, RemoteError } from '../../errors.js';
import { setLoopTimeout } from '../../streams/loop-timeout.js';
import { closeGracefully } from '../../transports/yamux/close-gracefully.js';
import type { GobSchema } from '../../wire/gob/index.js';
import { createNetRpcClientCodec, type NetRpcClientCodec, type NetRpcResponseHeader } from '../../wire/net-rpc.js';
import { checkOptions, optionNames } from '../../wire/option-names.js';
import { peerDetails } from '../peer.js';
import { BatchingWriter } from './batching-writer.js';
import type { NetRpcClient, NetRpcClientOptions } from './net-rpc-client.js';
import type { RefCount } from './ref-count.js';
import { closedHere, connectionLost, lostCall, toPluginError } from './rpc-errors.js';

export type { NetRpcClient, NetRpcClientOptions } from './net-rpc-client.js';

const NAMES = optionNames<NetRpcClientOptions>()(
  'maxPendingCalls maxQueuedBytes peerName peerVersion reasonTimeoutMs registry limits',
);

/**
 * A net/rpc client over a connection, which it owns from here on. `refs` is referenced while calls wait for replies.
 *
 * @example
 * ```ts
 * const client = createNetRpcClient(await broker.dial(id));
 * const answer = await firstValueFrom(client.call('Plugin.Ask', gob.string, 'who?', gob.string));
 * await client.close();
 * ```
 */
export function createNetRpcClient(
  connection: Duplex,
  options: NetRpcClientOptions = {},
  refs?: RefCount,
): NetRpcClient {
  checkOptions('a net/rpc client', options, NAMES);
  const client = new StreamRpcClient(connection, options, refs);
  client.start();
  return client;
}

/** Without closures of its own, which every call would pay for. */
interface PendingCall {
  readonly serviceMethod: string;
  readonly reply: GobSchema;
  readonly subscriber: Subscriber<unknown>;
  /** @default unknown */
  readonly delivery?: Delivery;
}

const MAX_PENDING_CALLS = 65_536;
const MAX_QUEUED_BYTES = 256 * 1024 * 1024;

/** A client on one stream. */
class StreamRpcClient implements NetRpcClient {
  readonly closed: Promise<PluginError | undefined>;
  readonly #connection: Duplex;
  readonly #codec: NetRpcClientCodec;
  readonly #writer: BatchingWriter;
  readonly #maxPendingCalls: number;
  readonly #maxQueuedBytes: number;
  readonly #reasonTimeoutMs: number;
  readonly #peer: Pick<ErrorDetails, 'plugin' | 'version'>;
  readonly #refs: RefCount | undefined;
  readonly #pending = new Map<number | bigint, PendingCall>();
  #nextSeq = 0;
  #endedBy: PluginError | undefined;
  /** Set while calls wait for the reason of the end. */
  #cancelWait: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #onClosed!: (cause: PluginError | undefined) => void;

  constructor(connection: Duplex, options: NetRpcClientOptions, refs?: RefCount) {
    this.#connection = connection;
    this.#refs = refs;
    this.#codec = createNetRpcClientCodec(options);
    this.#writer = new BatchingWriter(connection, this.#codec);
    this.#peer = peerDetails(options);
    this.#reasonTimeoutMs = options.reasonTimeoutMs ?? 0;
    this.#maxPendingCalls = options.maxPendingCalls ?? MAX_PENDING_CALLS;
    this.#maxQueuedBytes = options.maxQueuedBytes ?? MAX_QUEUED_BYTES;
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
  }

  get pendingCalls(): number {
    return this.#pending.size;
  }

  /** Starts to read. */
  start(): void {
    const connection = this.#connection;
    connection.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    connection.on('end', () => this.#onStreamEnd());
    connection.on('error', (cause: unknown) => this.#end(connectionLost(cause)));
    connection.on('close', () => this.#end(connectionLost()));
    connection.resume();
  }

  call<Args, Reply>(
    serviceMethod: string,
    args: GobSchema<Args>,
    value: NoInfer<Args>,
    reply: GobSchema<Reply>,
  ): Observable<Reply> {
    return new Observable<Reply>((subscriber) => {
      const seq = this.#send(serviceMethod, args, value, {
        serviceMethod,
        reply,
        subscriber: subscriber as Subscriber<unknown>,
      });
      return seq === undefined ? undefined : () => this.#forget(seq);
    });
  }

  get isOver(): boolean {
    return this.#endedBy !== undefined;
  }

  close(because?: PluginError): Promise<void> {
    this.#closing ??= this.#close(because);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #send(serviceMethod: string, args: GobSchema, value: unknown, call: PendingCall): number | undefined {
    if (this.#endedBy !== undefined) return this.#refuse(call, this.#endedBy);
    const overload = this.#overload();
    if (overload !== undefined) {
      call.subscriber.error(overload);
      return undefined;
    }
    const seq = this.#nextSeq;
    try {
      this.#codec.request(serviceMethod, seq, args, value);
    } catch (error) {
      call.subscriber.error(toPluginError(error));
      return undefined;
    }
    this.#nextSeq += 1;
    this.#pending.set(seq, call);
    if (this.#pending.size === 1) this.#refs?.ref();
    this.#writer.appended();
    return seq;
  }

  /** A call after the end of the connection. It too waits for the reason. */
  #refuse(call: PendingCall, cause: PluginError): number | undefined {
    if (this.#cancelWait === undefined || this.#overload() !== undefined) {
      call.subscriber.error(lostCall(cause, 'none'));
      return undefined;
    }
    const seq = this.#nextSeq;
    this.#nextSeq += 1;
    this.#pending.set(seq, { ...call, delivery: 'none' });
    return seq;
  }

  #forget(seq: number | bigint): void {
    if (this.#pending.delete(seq) && this.#pending.size === 0) this.#refs?.unref();
  }

  #overload(): PluginError | undefined {
    if (this.#pending.size < this.#maxPendingCalls && this.#codec.pendingBytes < this.#maxQueuedBytes) return undefined;
    return new PluginCallError(
      'ERR_TOO_MANY_CALLS',
      `${this.#pending.size} calls wait for replies and ${this.#codec.pendingBytes} bytes of requests wait for the connection. Make fewer calls at once, or raise the limit of the client.`,
    );
  }

  #receive(chunk: Uint8Array): void {
    if (this.#endedBy !== undefined) return;
    const { responses } = this.#codec;
    responses.push(chunk);
    try {
      for (;;) {
        const header = responses.header();
        if (header === undefined || !this.#settle(header)) return;
        // A subscriber may have closed the client.
        if (this.#endedBy !== undefined) return;
      }
    } catch (error) {
      this.#end(toPluginError(error));
    }
  }

  /** Reads the body of a response and settles its call; false until the body has arrived. */
  #settle(header: NetRpcResponseHeader): boolean {
    const call = this.#pending.get(header.Seq);
    if (call === undefined || header.Error !== '') {
      if (!this.#skipBody()) return false;
      this.#forget(header.Seq);
      call?.subscriber.error(this.#remoteError(header.Error, call));
      return true;
    }
    let body: unknown;
    try {
      body = this.#codec.responses.body(call.reply);
    } catch (error) {
      this.#forget(header.Seq);
      call.subscriber.error(toPluginError(error));
      return true;
    }
    if (body === undefined) return false;
    this.#forget(header.Seq);
    call.subscriber.next(body);
    call.subscriber.complete();
    return true;
  }

  #remoteError(text: string, { serviceMethod: method }: PendingCall): RemoteError {
    return new RemoteError(text, { details: { ...this.#peer, method } });
  }

  /** The body of an error reply is ignored, even a malformed one. */
  #skipBody(): boolean {
    try {
      return this.#codec.responses.skipBody();
    } catch {
      return true;
    }
  }

  #onStreamEnd(): void {
    try {
      this.#codec.responses.end();
      this.#end(connectionLost());
    } catch (error) {
      this.#end(connectionLost(error));
    }
  }

  #end(cause: PluginError, mayWait = true): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = cause;
    this.#writer.stop();
    const closing = closeGracefully(this.#connection);
    const waiting = mayWait && this.#reasonTimeoutMs > 0 ? this.#waitForReason() : Promise.resolve();
    if (this.#cancelWait === undefined) this.#failPending();
    void Promise.all([closing, waiting]).then(() => this.#onClosed(cause.code === 'ERR_CLOSED' ? undefined : cause));
  }

  /** Resolves when `close` has told the reason, or the time is up. */
  #waitForReason(): Promise<void> {
    return new Promise((resolve) => {
      const cancelTimeout = setLoopTimeout(() => this.#failPending(), this.#reasonTimeoutMs);
      this.#cancelWait = () => {
        cancelTimeout();
        resolve();
      };
    });
  }

  #failPending(): void {
    const cause = this.#endedBy ?? closedHere();
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    const calls = [...this.#pending.values()];
    if (calls.length > 0) this.#refs?.unref();
    this.#pending.clear();
    for (const { subscriber, delivery = 'unknown' } of calls) subscriber.error(lostCall(cause, delivery));
  }

  async #close(because: PluginError | undefined): Promise<void> {
    const cause = because ?? closedHere();
    if (this.#endedBy === undefined) {
      // Pending requests are sent first, as they would have been without the close.
      this.#writer.end();
      this.#end(cause, false);
    } else if (this.#cancelWait !== undefined) {
      this.#endedBy = cause;
      this.#failPending();
    }
    await this.closed;
  }
}
