import type { Duplex } from 'node:stream';
import { Observable, type Subscriber } from 'rxjs';
import {
  ClosedError,
  errorMessage,
  PluginCallError,
  PluginError,
  ProtocolError,
  RemoteError,
  TransportError,
} from '../../errors.js';
import { closeGently } from '../../transports/yamux/close-gently.js';
import type { GobSchema } from '../../wire/gob/index.js';
import {
  createNetRpcClientCodec,
  type NetRpcClientCodec,
  type NetRpcCodecOptions,
  type NetRpcResponseHeader,
} from '../../wire/net-rpc.js';
import { EagerWriter } from './eager-writer.js';
import type { Hold } from './hold.js';

/** What a net/rpc client knows of types, and may hold. */
export interface NetRpcClientOptions extends NetRpcCodecOptions {
  /** Most calls that may wait for their replies; a further one fails at once. @default 65536 */
  readonly maxPendingCalls?: number;
  /** Most bytes of requests that may wait for the connection; a further call fails at once. @default 256 MiB */
  readonly maxQueuedBytes?: number;
}

/** Begins to speak net/rpc as a client over a connection, which it owns from here on. `hold` is taken while calls wait for replies. */
export function createNetRpcClient(connection: Duplex, options: NetRpcClientOptions = {}, hold?: Hold): NetRpcClient {
  const client = new NetRpcClient(connection, options, hold);
  client.start();
  return client;
}

/** Kept without closures of its own: there is one for every call. */
interface PendingCall {
  readonly reply: GobSchema;
  readonly subscriber: Subscriber<unknown>;
}

const MAX_PENDING_CALLS = 65_536;
const MAX_QUEUED_BYTES = 256 * 1024 * 1024;

/**
 * One net/rpc stream, client side: any number of calls at once, matched to their replies by number (Go net/rpc client.go).
 *
 * - A failure of the called method is a RemoteError. A reply that does not fit its schema fails that call alone, with
 *   ERR_GOB_TYPE (a Go client would give up the whole stream).
 * - Unsubscribing abandons the reply. net/rpc cannot recall a request: the method runs on, and its reply is discarded.
 * - The end of the connection fails every pending call once, and every later one, with the same error.
 */
export class NetRpcClient implements AsyncDisposable {
  /** Resolves when the connection is no more: with what ended it, or undefined for our own `close`. Never rejects. */
  readonly closed: Promise<PluginError | undefined>;
  readonly #connection: Duplex;
  readonly #codec: NetRpcClientCodec;
  readonly #writer: EagerWriter;
  readonly #maxPendingCalls: number;
  readonly #maxQueuedBytes: number;
  readonly #hold: Hold | undefined;
  readonly #pending = new Map<number | bigint, PendingCall>();
  #nextSeq = 0;
  #ending: PluginError | undefined;
  #closing: Promise<void> | undefined;
  #onClosed!: (cause: PluginError | undefined) => void;

  /** @internal For `createNetRpcClient`. */
  constructor(connection: Duplex, options: NetRpcClientOptions, hold?: Hold) {
    this.#connection = connection;
    this.#hold = hold;
    this.#codec = createNetRpcClientCodec(options);
    this.#writer = new EagerWriter(connection, this.#codec);
    this.#maxPendingCalls = options.maxPendingCalls ?? MAX_PENDING_CALLS;
    this.#maxQueuedBytes = options.maxQueuedBytes ?? MAX_QUEUED_BYTES;
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
  }

  /** How many calls wait for their replies. */
  get pendingCalls(): number {
    return this.#pending.size;
  }

  /** @internal Starts to read. */
  start(): void {
    const connection = this.#connection;
    connection.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    connection.on('end', () => this.#onStreamEnd());
    connection.on('error', (cause: unknown) => this.#end(connectionLost(cause)));
    connection.on('close', () => this.#end(connectionLost()));
    connection.resume();
  }

  /**
   * Calls `serviceMethod`, for instance `Plugin.Greet`. Cold: each subscription is a call of its own, which emits the reply and
   * completes. Errors: RemoteError, ProtocolError, OptionsError for an argument that does not fit, and what ended the connection.
   */
  call<Args, Reply>(
    serviceMethod: string,
    args: GobSchema<Args>,
    value: NoInfer<Args>,
    reply: GobSchema<Reply>,
  ): Observable<Reply> {
    return new Observable<Reply>((subscriber) => {
      const seq = this.#send(serviceMethod, args, value, { reply, subscriber: subscriber as Subscriber<unknown> });
      return seq === undefined ? undefined : () => this.#forget(seq);
    });
  }

  /** Whether every call would fail: the connection is no more. */
  get isOver(): boolean {
    return this.#ending !== undefined;
  }

  /**
   * Fails the pending calls, with `because` where that is known, and closes the connection. Idempotent; resolves within about a
   * second.
   */
  close(because?: PluginError): Promise<void> {
    this.#closing ??= this.#close(because);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #send(serviceMethod: string, args: GobSchema, value: unknown, call: PendingCall): number | undefined {
    const refusal = this.#ending ?? this.#overload();
    if (refusal !== undefined) {
      call.subscriber.error(refusal);
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
    if (this.#pending.size === 1) this.#hold?.take();
    this.#writer.appended();
    return seq;
  }

  #forget(seq: number | bigint): void {
    if (this.#pending.delete(seq) && this.#pending.size === 0) this.#hold?.release();
  }

  #overload(): PluginError | undefined {
    if (this.#pending.size < this.#maxPendingCalls && this.#codec.pendingBytes < this.#maxQueuedBytes) return undefined;
    return new PluginCallError(
      'ERR_TOO_MANY_CALLS',
      `${this.#pending.size} calls wait for replies and ${this.#codec.pendingBytes} bytes of requests for the connection: call less at once.`,
    );
  }

  #receive(chunk: Uint8Array): void {
    if (this.#ending !== undefined) return;
    const { responses } = this.#codec;
    responses.push(chunk);
    try {
      for (;;) {
        const header = responses.header();
        if (header === undefined || !this.#settle(header)) return;
        // What a reply set off may have closed the client.
        if (this.#ending !== undefined) return;
      }
    } catch (error) {
      this.#end(toPluginError(error));
    }
  }

  /** Deals with the body of a response; false until it has arrived. */
  #settle(header: NetRpcResponseHeader): boolean {
    const call = this.#pending.get(header.Seq);
    if (call === undefined || header.Error !== '') {
      if (!this.#skipBody()) return false;
      this.#forget(header.Seq);
      call?.subscriber.error(new RemoteError(header.Error));
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

  /** The body of an error reply means nothing, not even when it is malformed. */
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

  #end(cause: PluginError): void {
    if (this.#ending !== undefined) return;
    this.#ending = cause;
    this.#writer.stop();
    const calls = [...this.#pending.values()];
    if (calls.length > 0) this.#hold?.release();
    this.#pending.clear();
    for (const { subscriber } of calls) subscriber.error(cause);
    void closeGently(this.#connection).then(() => this.#onClosed(cause.code === 'ERR_CLOSED' ? undefined : cause));
  }

  async #close(because: PluginError | undefined): Promise<void> {
    // Requests that are still gathered go out first, as they would have without the close.
    if (this.#ending === undefined) this.#writer.end();
    this.#end(because ?? new ClosedError('ERR_CLOSED', 'connection is shut down: this net/rpc client was closed.'));
    await this.closed;
  }
}

function connectionLost(cause?: unknown): PluginError {
  const message = 'The net/rpc connection ended: the other side closed it, or is gone.';
  return new TransportError('ERR_CONNECTION_LOST', message, cause === undefined ? {} : { cause });
}

function toPluginError(error: unknown): PluginError {
  if (PluginError.is(error)) return error;
  const message = errorMessage(error);
  return new ProtocolError('ERR_NET_RPC_PROTOCOL', message, { cause: error });
}
