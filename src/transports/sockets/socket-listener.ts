import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Observable, Subject, type Subscriber } from 'rxjs';
import { TransportError } from '../../errors.js';
import type { Address } from '../../wire/handshake/address.js';
import type { Listener } from '../transport.js';
import { acceptDirect } from './direct-socket.js';

/** Most connections that wait for a subscriber; further ones are closed. */
const MAX_WAITING = 64;

/** Options of a SocketListener. */
export interface SocketListenerOptions {
  /** Called once, when the listener has closed; removes its files. */
  readonly onClosed?: () => void;
}

/** A server that does not listen yet, with the settings of all our connections. Protocols above handle half-closed connections. */
export function createSocketServer(): Server {
  return createServer({ noDelay: true, keepAlive: true });
}

/** Resolves when the server listens; rejects with Node's error. */
export async function bind(
  server: Server,
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onListening = (): void => {
      server.off('error', onError);
      resolve();
    };
    const onError = (error: Error): void => {
      server.off('listening', onListening);
      reject(error);
    };
    server
      .once('listening', onListening)
      .once('error', onError)
      .listen({ ...where, exclusive: true });
  });
}

/**
 * A Listener of a net.Server that listens. A waiting connection is not read from, and is dropped when it is closed. `error` events of
 * connections are handled here, so that they are never uncaught; `close` follows each.
 */
export class SocketListener implements Listener {
  readonly address: Address;
  readonly connection$: Observable<Duplex>;
  readonly #server: Server;
  readonly #options: SocketListenerOptions;
  readonly #connections = new Subject<Duplex>();
  readonly #waiting = new Set<Socket>();
  #taken = false;
  #closed = false;

  constructor(server: Server, address: Address, options: SocketListenerOptions = {}) {
    this.#server = server;
    this.address = address;
    this.#options = options;
    this.connection$ = new Observable((subscriber) => this.#take(subscriber));
    server.on('connection', (socket) => this.#accept(acceptDirect(socket)));
    server.on('error', (cause) => this.#fail(cause));
  }

  close(): Promise<void> {
    this.#shut();
    this.#connections.complete();
    return Promise.resolve();
  }

  /** Lets the listener keep the event loop alive, as it does from the start. */
  ref(): void {
    this.#server.ref();
  }

  unref(): void {
    this.#server.unref();
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#connections.observed) {
      this.#connections.next(socket);
      return;
    }
    if (this.#closed || this.#waiting.size >= MAX_WAITING) {
      socket.destroy();
      return;
    }
    this.#waiting.add(socket);
    socket.once('close', () => this.#waiting.delete(socket));
  }

  #take(subscriber: Subscriber<Duplex>): void {
    if (this.#taken) {
      subscriber.error(
        new TransportError('ERR_LISTEN', 'The connections of a listener can have one subscriber at a time.'),
      );
      return;
    }
    this.#taken = true;
    // One by one, so that the rest keeps waiting when the subscriber unsubscribes in between.
    for (const socket of this.#waiting) {
      if (subscriber.closed) break;
      this.#waiting.delete(socket);
      subscriber.next(socket);
    }
    this.#connections.subscribe(subscriber);
    subscriber.add(() => {
      this.#taken = false;
    });
  }

  #fail(cause: Error): void {
    this.#shut();
    this.#connections.error(
      new TransportError('ERR_LISTEN', `The listener at ${this.address.address} failed: ${cause.message}.`, { cause }),
    );
  }

  /** Does not wait for the server's `close` event, which comes after the last accepted connection was closed. */
  #shut(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.close();
    for (const socket of this.#waiting) socket.destroy();
    this.#waiting.clear();
    this.#options.onClosed?.();
  }
}
