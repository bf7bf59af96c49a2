import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Observable } from 'rxjs';
import { TransportError } from '../../errors.js';
import type { Address } from '../../wire/handshake/address.js';
import { ACCEPT, type Acceptor, type DirectListener } from '../acceptor.js';
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
    server.once('listening', onListening).once('error', onError);
    if ('path' in where) listenOnPath(server, where.path);
    else server.listen({ ...where, exclusive: true });
  });
}

const BACKLOG = 511;

/**
 * `listen` loads `node:cluster` first, with child_process and dgram, to share a listener with other processes: 1.5 ms of a start, and an exclusive
 * listener shares nothing. All versions of Node have what it comes to then under an old name; should one have it no more, `listen` does it.
 * `server.address()` does not know the path.
 */
function listenOnPath(server: Server & LegacyServer, path: string): void {
  if (typeof server._listen2 === 'function') server._listen2(path, -1, -1, BACKLOG, undefined, 0);
  else server.listen({ path, backlog: BACKLOG, exclusive: true });
}

interface LegacyServer {
  _listen2?(path: string, port: -1, addressType: -1, backlog: number, descriptor: undefined, flags: 0): void;
}

/**
 * A Listener of a net.Server that listens. A waiting connection is not read from, and is dropped when it is closed. `error` events of
 * connections are handled here, so that they are never uncaught; `close` follows each.
 */
export class SocketListener implements DirectListener {
  readonly address: Address;
  readonly #server: Server;
  readonly #options: SocketListenerOptions;
  readonly #waiting = new Set<Socket>();
  #acceptor: Acceptor | undefined;
  #closed = false;
  /** How the listener has ended: without an error when it was closed. */
  #end: { readonly error?: TransportError } | undefined;

  constructor(server: Server, address: Address, options: SocketListenerOptions = {}) {
    this.#server = server;
    this.address = address;
    this.#options = options;
    server.on('connection', (socket) => this.#accept(acceptDirect(socket)));
    server.on('error', (cause) => this.#fail(cause));
  }

  get connection$(): Observable<Duplex> {
    return new Observable((subscriber) => this[ACCEPT](subscriber));
  }

  [ACCEPT](acceptor: Acceptor): () => void {
    if (this.#acceptor !== undefined) {
      const message = 'The connections of a listener can have one subscriber at a time.';
      acceptor.error(new TransportError('ERR_LISTEN', message));
      return () => {};
    }
    this.#acceptor = acceptor;
    // One by one, so that the rest keeps waiting when the acceptor takes no more in between.
    for (const socket of this.#waiting) {
      if (acceptor.closed === true) break;
      this.#waiting.delete(socket);
      acceptor.next(socket);
    }
    this.#tellEnd();
    return () => {
      if (this.#acceptor === acceptor) this.#acceptor = undefined;
    };
  }

  close(): Promise<void> {
    this.#shut();
    this.#end ??= {};
    this.#tellEnd();
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
    if (this.#acceptor !== undefined) {
      this.#acceptor.next(socket);
      return;
    }
    if (this.#closed || this.#waiting.size >= MAX_WAITING) {
      socket.destroy();
      return;
    }
    this.#waiting.add(socket);
    socket.once('close', () => this.#waiting.delete(socket));
  }

  #fail(cause: Error): void {
    this.#shut();
    const message = `The listener at ${this.address.address} failed: ${cause.message}.`;
    this.#end ??= { error: new TransportError('ERR_LISTEN', message, { cause }) };
    this.#tellEnd();
  }

  #tellEnd(): void {
    const acceptor = this.#acceptor;
    if (acceptor === undefined || this.#end === undefined) return;
    this.#acceptor = undefined;
    if (this.#end.error === undefined) acceptor.complete();
    else acceptor.error(this.#end.error);
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
