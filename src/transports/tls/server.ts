import type { Duplex } from 'node:stream';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { catchError, defer, EMPTY, finalize, from, mergeMap, type Observable, Subject, takeUntil, tap } from 'rxjs';
import type { Address } from '../../wire/handshake/address.js';
import type { Listener } from '../transport.js';
import {
  agreed,
  contextOf,
  contextOptions,
  HANDSHAKE_TIMEOUT_MS,
  type TlsConfig,
  type TlsLayerOptions,
} from './config.js';

/** Most TLS handshakes that are under way at once; with one more the oldest, which has most likely stalled, is cut. */
const MAX_HANDSHAKES = 64;

/**
 * A listener whose connections are TLS, this end being the TLS server. A client that fails the handshake is dropped and never
 * emitted; one that stalls is dropped after `handshakeTimeoutMs`, and holds up nobody. Owns `listener`. Throws SecurityError ERR_TLS
 * for a configuration that cannot be used.
 */
export function secureListener(listener: Listener, config: TlsConfig, options: TlsLayerOptions = {}): Listener {
  contextOf(config);
  return new SecureListener(listener, config, options);
}

class SecureListener implements Listener {
  readonly address: Address;
  readonly connection$: Observable<Duplex>;
  readonly #listener: Listener;

  constructor(listener: Listener, config: TlsConfig, options: TlsLayerOptions) {
    this.#listener = listener;
    this.address = listener.address;
    this.connection$ = defer(() => {
      const handshakes = new Handshakes(config, options);
      const ended = new Subject<void>();
      return listener.connection$.pipe(
        tap({ complete: () => ended.next() }),
        mergeMap((connection) => handshakes.admit(connection)),
        takeUntil(ended),
      );
    });
  }

  close(): Promise<void> {
    return this.#listener.close();
  }
}

/** The handshakes of one listener. */
class Handshakes {
  readonly #config: TlsConfig;
  readonly #options: TlsLayerOptions;
  readonly #underWay = new Set<Duplex>();
  #idle: Gate | undefined;

  constructor(config: TlsConfig, options: TlsLayerOptions) {
    this.#config = config;
    this.#options = options;
  }

  /** Emits the secured connection and completes, or just completes. Unsubscribing cuts a handshake under way. Never errors. */
  admit(connection: Duplex): Observable<Duplex> {
    return defer(() => {
      connection.on('error', () => {});
      const [oldest] = this.#underWay;
      if (this.#underWay.size >= MAX_HANDSHAKES) oldest?.destroy();
      this.#underWay.add(connection);
      const gate = this.#takeGate();
      let passed = false;
      return from(gate.pass(connection)).pipe(
        tap(() => {
          passed = true;
        }),
        catchError(() => EMPTY),
        finalize(() => {
          this.#underWay.delete(connection);
          if (!passed) connection.destroy();
          else this.#idle ??= gate;
        }),
      );
    });
  }

  #takeGate(): Gate {
    const gate = this.#idle ?? new Gate(this.#config, this.#options);
    this.#idle = undefined;
    return gate;
  }
}

/**
 * node:tls verifies client certificates only inside its own Server. So every handshake passes through one that never listens, one at
 * a time: then it is known whose handshake has ended. Making one costs about 1.5 ms, so one is kept.
 */
class Gate {
  readonly #server: Server;
  readonly #alpn: readonly string[];

  constructor(config: TlsConfig, { alpn = [], handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS }: TlsLayerOptions) {
    const mutual = config.requireClientCertificate ?? true;
    this.#alpn = alpn;
    this.#server = createServer({
      ...contextOptions(config),
      requestCert: mutual,
      rejectUnauthorized: mutual,
      handshakeTimeout: handshakeTimeoutMs,
      ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
    });
  }

  pass(connection: Duplex): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const server = this.#server;
      const settle = (): void => {
        server.off('secureConnection', onSecure).off('tlsClientError', onFailure);
        connection.off('close', onClose);
      };
      const onSecure = (socket: TLSSocket): void => {
        settle();
        // An error after this is followed by `close`; the owner may look at either.
        socket.on('error', () => {});
        if (agreed(socket.alpnProtocol, this.#alpn)) return resolve(socket);
        socket.destroy();
        reject(new Error('no agreement by ALPN'));
      };
      const onFailure = (error: Error, socket: TLSSocket): void => {
        settle();
        socket.destroy();
        reject(error);
      };
      const onClose = (): void => {
        settle();
        reject(new Error('closed'));
      };
      server.on('secureConnection', onSecure).on('tlsClientError', onFailure);
      connection.once('close', onClose);
      server.emit('connection', connection);
    });
  }
}
