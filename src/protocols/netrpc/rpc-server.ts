import type { Duplex } from 'node:stream';
import { Subscription } from 'rxjs';
import { errorMessage, PluginError } from '../../errors.js';
import { closeGracefully } from '../../transports/yamux/close-gracefully.js';
import { zeroValue } from '../../wire/gob/index.js';
import { type Logger, SILENT_LOGGER } from '../../wire/logs/logger.js';
import {
  createNetRpcServerCodec,
  NET_RPC_TEXTS,
  type NetRpcCodecOptions,
  type NetRpcRequestHeader,
  type NetRpcServerCodec,
  splitServiceMethod,
} from '../../wire/net-rpc.js';
import { checkOptions, optionNames } from '../../wire/option-names.js';
import { logHandlerFailure } from '../handler-failure.js';
import { BatchingWriter } from './batching-writer.js';
import type { NetRpcHandler, NetRpcServices } from './rpc-service.js';
import { ServerCall } from './server-call.js';

/** The types and the limits of a net/rpc server. */
export interface NetRpcServerOptions extends NetRpcCodecOptions {
  /**
   * Most requests that are handled at once on one connection; a further one is not read before one is done. A small number can
   * deadlock where a handler waits for a later request. @default 4096
   */
  readonly maxConcurrentRequests?: number;
  /** Told what a method throws, with its stack, unless it is a RemoteError or an AbortError: the caller gets the message alone. @default silent */
  readonly logger?: Logger;
}

const NAMES = optionNames<NetRpcServerOptions>()('maxConcurrentRequests logger registry limits');

/**
 * Serves net/rpc over a connection, which it owns from here on. Services may be added to the map later.
 *
 * @example
 * ```ts
 * const ask = handler(gob.string, gob.string, (question) => `${question} I!`);
 * const serving = serveNetRpc(await firstValueFrom(broker.accept(id)), new Map([['Plugin', new Map([['Ask', ask]])]]));
 * ```
 */
export function serveNetRpc(
  connection: Duplex,
  services: NetRpcServices,
  options: NetRpcServerOptions = {},
): NetRpcServing {
  checkOptions('a net/rpc server', options, NAMES);
  const serving = new NetRpcServing(connection, services, options);
  serving.start();
  return serving;
}

const MAX_CONCURRENT_REQUESTS = 4096;

/**
 * The server's end of a net/rpc stream (Go net/rpc server.go ServeCodec): handles requests concurrently and replies in the order in
 * which they finish. Unknown methods and arguments that do not fit get error replies in Go's words; the stream goes on.
 *
 * Stops reading while the client does not read its replies. When the client ends the stream, running handlers finish and their replies
 * are sent before this side ends too. When the connection breaks, the calls' signals are aborted and their Observables unsubscribed.
 */
export class NetRpcServing implements AsyncDisposable {
  /** Resolves when the connection is closed. Never rejects. */
  readonly ended: Promise<void>;
  readonly #connection: Duplex;
  readonly #services: NetRpcServices;
  readonly #codec: NetRpcServerCodec;
  readonly #writer: BatchingWriter;
  readonly #logger: Logger;
  readonly #maxConcurrentRequests: number;
  readonly #abort = new AbortController();
  /** The subscriptions to handlers' Observables. */
  readonly #lifetime = new Subscription();
  /** Handlers that were looked up, by `Service.Method`. */
  readonly #found = new Map<string, NetRpcHandler>();
  #running = 0;
  #isProceeding = false;
  /** Nothing more is read: the client has ended the stream, or sent a header that cannot be decoded. */
  #inputEnded = false;
  #isOver = false;
  #onEnded!: () => void;

  /** @internal For `serveNetRpc`. */
  constructor(connection: Duplex, services: NetRpcServices, options: NetRpcServerOptions) {
    this.#connection = connection;
    this.#services = services;
    this.#codec = createNetRpcServerCodec(options);
    this.#writer = new BatchingWriter(connection, this.#codec, () => this.#proceed());
    this.#logger = options.logger ?? SILENT_LOGGER;
    this.#maxConcurrentRequests = options.maxConcurrentRequests ?? MAX_CONCURRENT_REQUESTS;
    this.ended = new Promise((resolve) => {
      this.#onEnded = resolve;
    });
  }

  /** How many requests are being handled. */
  get runningRequests(): number {
    return this.#running;
  }

  /** @internal Starts to read. */
  start(): void {
    const connection = this.#connection;
    connection.on('data', (chunk: Uint8Array) => {
      if (this.#inputEnded) return;
      this.#codec.requests.push(chunk);
      this.#proceed();
    });
    connection.on('end', () => {
      this.#inputEnded = true;
      this.#proceed();
    });
    connection.on('error', () => this.#end());
    connection.on('close', () => this.#end());
    connection.resume();
  }

  /** Closes at once: requests without a reply get none. Idempotent; resolves within about a second. */
  close(): Promise<void> {
    this.#end();
    return this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Handles the requests that have arrived, up to the limits, then reads on or ends. Reentrant: a handler may reply synchronously. */
  #proceed(): void {
    if (this.#isOver || this.#isProceeding) return;
    this.#isProceeding = true;
    let needsInput = false;
    try {
      while (!needsInput && this.#hasRoom()) needsInput = !this.#step();
    } catch {
      // After an undecodable header message boundaries are lost. Like Go, wait for the running handlers and end.
      this.#inputEnded = true;
      needsInput = true;
    }
    this.#isProceeding = false;
    if (this.#isOver) return;
    if (!needsInput) this.#connection.pause();
    else if (!this.#inputEnded) this.#connection.resume();
    else if (this.#running === 0) this.#finish();
  }

  #hasRoom(): boolean {
    return this.#running < this.#maxConcurrentRequests && !this.#writer.isFull && !this.#isOver;
  }

  /** Handles one request; false until it has arrived. */
  #step(): boolean {
    const { requests } = this.#codec;
    const header = requests.header();
    if (header === undefined) return false;
    const handler = this.#find(header.ServiceMethod);
    if (typeof handler === 'string') {
      if (!this.#skipBody()) return false;
      this.#fail(header, handler);
      return true;
    }
    let args: unknown;
    try {
      args = requests.body(handler.args);
    } catch (error) {
      this.#fail(header, errorMessage(error));
      return true;
    }
    if (args === undefined) return false;
    this.#handle(header, handler, args);
    return true;
  }

  #skipBody(): boolean {
    try {
      return this.#codec.requests.skipBody();
    } catch {
      return true;
    }
  }

  /** The handler, or the text of the error reply for an unknown method. */
  #find(serviceMethod: string): NetRpcHandler | string {
    const known = this.#found.get(serviceMethod);
    if (known !== undefined) return known;
    const found = this.#lookUp(serviceMethod);
    if (typeof found !== 'string') this.#found.set(serviceMethod, found);
    return found;
  }

  #lookUp(serviceMethod: string): NetRpcHandler | string {
    const name = splitServiceMethod(serviceMethod);
    if (name === undefined) return NET_RPC_TEXTS.illFormed(serviceMethod);
    const service = this.#services.get(name.service);
    if (service === undefined) return NET_RPC_TEXTS.unknownService(serviceMethod);
    return service.get(name.method) ?? NET_RPC_TEXTS.unknownMethod(serviceMethod);
  }

  #handle(header: NetRpcRequestHeader, handler: NetRpcHandler, args: unknown): void {
    const call = new ServerCall(header, handler, this.#abort.signal);
    this.#running += 1;
    const subscription = call.run(args, {
      reply: (value) => this.#done(call, () => this.#reply(call, value)),
      fail: (error) => {
        if (isUnexpected(error)) this.#logFailure(call, error);
        this.#done(call, () => this.#fail(header, errorMessage(error)));
      },
    });
    if (subscription?.closed !== false) return;
    // An Observable that is unsubscribed at the end of the connection gives no reply.
    subscription.add(() => {
      if (this.#isOver) call.runCallbacks();
    });
    this.#lifetime.add(subscription);
  }

  #done(call: ServerCall, sendReply: () => void): void {
    this.#running -= 1;
    if (this.#isOver) return call.runCallbacks();
    sendReply();
    if (call.hasCallbacks) this.#writer.afterWrites(() => call.runCallbacks());
    this.#proceed();
  }

  #reply({ header, handler }: ServerCall, value: unknown): void {
    try {
      this.#codec.reply(header, handler.reply, value === undefined ? zeroValue(handler.reply) : value);
    } catch (error) {
      logHandlerFailure(this.#logger, { method: header.ServiceMethod }, error);
      this.#fail(header, `rpc: gob error encoding body: ${errorMessage(error)}`);
      return;
    }
    this.#writer.appended();
  }

  /** A handler whose caller is gone often fails for that reason. */
  #logFailure({ serviceMethod: method }: ServerCall, thrown: unknown): void {
    logHandlerFailure(this.#logger, { method }, thrown, this.#isOver ? 'debug' : 'error');
  }

  #fail(header: NetRpcRequestHeader, text: string): void {
    this.#codec.fail(header, text);
    this.#writer.appended();
  }

  /** The client has ended the stream and every request has its reply. */
  #finish(): void {
    this.#isOver = true;
    this.#writer.end();
    this.#dispose();
  }

  #end(): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#writer.stop();
      this.#dispose();
    }
  }

  #dispose(): void {
    this.#abort.abort();
    this.#lifetime.unsubscribe();
    void closeGracefully(this.#connection).then(() => this.#onEnded());
  }
}

/** Whether a failure is neither meant as an answer, which a RemoteError or a GrpcError is, nor an abort. */
function isUnexpected(thrown: unknown): boolean {
  if (PluginError.is(thrown)) return thrown.code !== 'ERR_REMOTE' && thrown.code !== 'ERR_GRPC';
  return !(thrown instanceof Error) || thrown.name !== 'AbortError';
}
