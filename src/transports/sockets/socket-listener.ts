import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { concat, defer, finalize, from, type Observable, Subject, throwError } from 'rxjs';
import { TransportError } from '../../errors.js';
import type { Address } from '../../wire/handshake/address.js';
import type { Listener } from '../transport.js';
import { acceptDirect } from './direct-socket.js';

/** Most connections that wait for a subscriber; the next one is closed at once. */
const MAX_WAITING = 64;

/** Who is told of a listener's end. */
export interface SocketListenerOptions {
  /** Removes what the listener has on disk. Called once, when it has closed. */
  readonly onClosed?: () => void;
}

/** A server with the settings that all our connections have; does not listen yet. Half-closing is left to the protocols above. */
export function createSocketServer(): Server {
  return createServer({ noDelay: true, keepAlive: true });
}

/** Resolves when the server listens; rejects with the error of Node. */
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
 * The connections of a bound net.Server. A connection that waits is not read from, and one that dies while it waits is forgotten;
 * an error on a connection never goes unheard: it is followed by `close`, and a listener of ours takes it.
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
    this.connection$ = defer(() => this.#take());
    server.on('connection', (socket) => this.#accept(acceptDirect(socket)));
    server.on('error', (cause) => this.#break(cause));
  }

  close(): Promise<void> {
    this.#shut();
    this.#connections.complete();
    return Promise.resolve();
  }

  /** Whether the listener keeps the event loop alive. It does from the start on. */
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

  #take(): Observable<Duplex> {
    if (this.#taken)
      return throwError(
        () => new TransportError('ERR_LISTEN', 'The connections of a listener have one subscriber at a time.'),
      );
    this.#taken = true;
    return concat(from(this.#early()), this.#connections).pipe(
      finalize(() => {
        this.#taken = false;
      }),
    );
  }

  /** One by one, so that a subscriber who leaves in between leaves the rest waiting. */
  *#early(): Generator<Duplex> {
    for (const socket of this.#waiting) {
      this.#waiting.delete(socket);
      yield socket;
    }
  }

  #break(cause: Error): void {
    this.#shut();
    this.#connections.error(
      new TransportError('ERR_LISTEN', `The listener at ${this.address.address} broke: ${cause.message}.`, { cause }),
    );
  }

  /** The descriptor is closed at once; Node's own `close` event would wait for connections that are no longer ours. */
  #shut(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.close();
    for (const socket of this.#waiting) socket.destroy();
    this.#waiting.clear();
    this.#options.onClosed?.();
  }
}
