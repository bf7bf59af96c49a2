import type { Duplex } from 'node:stream';
import { Subscription } from 'rxjs';
import { errorMessage } from '../../errors.js';
import { closeGently } from '../../transports/yamux/close-gently.js';
import { zeroValue } from '../../wire/gob/index.js';
import {
  createNetRpcServerCodec,
  NET_RPC_TEXTS,
  type NetRpcCodecOptions,
  type NetRpcRequestHeader,
  type NetRpcServerCodec,
  splitServiceMethod,
} from '../../wire/net-rpc.js';
import { EagerWriter } from './eager-writer.js';
import { ServerCall } from './rpc-call.js';
import type { NetRpcHandler, NetRpcServices } from './rpc-service.js';

/** What a net/rpc server knows of types, and may hold. */
export interface NetRpcServerOptions extends NetRpcCodecOptions {
  /**
   * Most requests that are handled at once on one connection; further ones are not read before one is done. Too few can stand
   * still, where a handler waits for a later request. @default 4096
   */
  readonly maxConcurrentRequests?: number;
}

/** Begins to serve net/rpc over a connection, which it owns from here on. Services may still be added to the map. */
export function serveNetRpc(
  connection: Duplex,
  services: NetRpcServices,
  options: NetRpcServerOptions = {},
): NetRpcServing {
  const serving = new NetRpcServing(connection, services, options);
  serving.start();
  return serving;
}

const MAX_CONCURRENT_REQUESTS = 4096;

/**
 * One net/rpc stream, server side (Go net/rpc server.go ServeCodec): handles requests concurrently and replies in whatever order they
 * are done. Unknown methods and arguments that do not fit are answered with errors, in Go's words, and the stream goes on.
 *
 * Reads no more while the client does not read its replies. When the client ends the stream, running handlers finish and are
 * answered before this side ends too. When the connection breaks, the calls' signals are aborted and Observables unsubscribed.
 */
export class NetRpcServing implements AsyncDisposable {
  /** Resolves when the connection is no more. Never rejects. */
  readonly ended: Promise<void>;
  readonly #connection: Duplex;
  readonly #services: NetRpcServices;
  readonly #codec: NetRpcServerCodec;
  readonly #writer: EagerWriter;
  readonly #maxConcurrentRequests: number;
  readonly #abort = new AbortController();
  /** The Observables that are being waited for. */
  readonly #lifetime = new Subscription();
  /** The methods that were called, by their full names. */
  readonly #found = new Map<string, NetRpcHandler>();
  #running = 0;
  #isProceeding = false;
  /** Nothing more is read: the client has ended the stream, or has lost our trust. */
  #inputEnded = false;
  #isOver = false;
  #onEnded!: () => void;

  /** @internal For `serveNetRpc`. */
  constructor(connection: Duplex, services: NetRpcServices, options: NetRpcServerOptions) {
    this.#connection = connection;
    this.#services = services;
    this.#codec = createNetRpcServerCodec(options);
    this.#writer = new EagerWriter(connection, this.#codec, () => this.#proceed());
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

  /** Ends at once: replies that were not given yet are lost. Idempotent; resolves within about a second. */
  close(): Promise<void> {
    this.#end();
    return this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Handles what has arrived, as far as allowed, then reads on or ends. Handlers may answer, and call this, at once. */
  #proceed(): void {
    if (this.#isOver || this.#isProceeding) return;
    this.#isProceeding = true;
    let isStarved = false;
    try {
      while (!isStarved && this.#hasRoom()) isStarved = !this.#step();
    } catch {
      // What follows an undecodable header cannot be told apart: Go ends here as well, after the running handlers.
      this.#inputEnded = true;
      isStarved = true;
    }
    this.#isProceeding = false;
    if (this.#isOver) return;
    if (!isStarved) this.#connection.pause();
    else if (!this.#inputEnded) this.#connection.resume();
    else if (this.#running === 0) this.#finish();
  }

  #hasRoom(): boolean {
    return this.#running < this.#maxConcurrentRequests && !this.#writer.isFull && !this.#isOver;
  }

  /** Deals with one request; false until it has arrived. */
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

  /** The handler, or the text of the error reply. */
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
    const waiting = call.run(args, {
      reply: (value) => this.#done(call, () => this.#reply(call, value)),
      fail: (error) => this.#done(call, () => this.#fail(header, errorMessage(error))),
    });
    if (waiting.closed) return;
    this.#lifetime.add(waiting);
  }

  #done({ callbacks }: ServerCall, answer: () => void): void {
    this.#running -= 1;
    if (!this.#isOver) {
      answer();
      for (const callback of callbacks) this.#writer.afterWrites(callback);
      this.#proceed();
    } else for (const callback of callbacks) callback();
  }

  #reply({ header, handler }: ServerCall, value: unknown): void {
    try {
      this.#codec.reply(header, handler.reply, value === undefined ? zeroValue(handler.reply) : value);
    } catch (error) {
      this.#fail(header, `rpc: gob error encoding body: ${errorMessage(error)}`);
      return;
    }
    this.#writer.appended();
  }

  #fail(header: NetRpcRequestHeader, text: string): void {
    this.#codec.fail(header, text);
    this.#writer.appended();
  }

  /** The client has ended, everything is answered. */
  #finish(): void {
    this.#isOver = true;
    this.#writer.end();
    this.#leave();
  }

  #end(): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#writer.stop();
      this.#leave();
    }
  }

  #leave(): void {
    this.#abort.abort();
    this.#lifetime.unsubscribe();
    void closeGently(this.#connection).then(() => this.#onEnded());
  }
}
