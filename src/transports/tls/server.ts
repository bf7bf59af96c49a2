import type { Duplex } from 'node:stream';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { Observable } from 'rxjs';
import type { Address } from '../../wire/handshake/address.js';
import { ACCEPT, type Acceptor, acceptFrom, type DirectListener } from '../acceptor.js';
import type { Listener } from '../transport.js';
import {
  agreed,
  contextOptions,
  HANDSHAKE_TIMEOUT_MS,
  type TlsConfig,
  type TlsLayerOptions,
  usable,
} from './config.js';
import { isAutoMtls, refusalOf } from './pinned.js';
import { isRotating, newestTls } from './rotating.js';

/** Most TLS handshakes at once; with one more the oldest, which is most likely stalled, is cancelled. */
const MAX_HANDSHAKES = 64;

/**
 * A listener that adds TLS to its connections, as TLS server. A connection whose handshake fails, or takes longer than `handshakeTimeoutMs`,
 * is destroyed and not emitted, and delays no other. Owns `listener`. Throws SecurityError ERR_TLS for a configuration that cannot be used.
 */
export function secureListener(listener: Listener, config: TlsConfig, options: TlsLayerOptions = {}): Listener {
  return new SecureListener(listener, new Handshakes(config, options));
}

class SecureListener implements DirectListener {
  readonly address: Address;
  readonly #listener: Listener;
  readonly #handshakes: Handshakes;

  constructor(listener: Listener, handshakes: Handshakes) {
    this.#listener = listener;
    this.#handshakes = handshakes;
    this.address = listener.address;
  }

  get connection$(): Observable<Duplex> {
    return new Observable((subscriber) => this[ACCEPT](subscriber));
  }

  [ACCEPT](acceptor: Acceptor): () => void {
    let isOver = false;
    const end = (): void => {
      isOver = true;
      this.#handshakes.cancel();
    };
    const secure = async (connection: Duplex): Promise<void> => {
      const secured = await this.#handshakes.secure(connection);
      if (isOver) secured?.destroy();
      else if (secured !== undefined) acceptor.next(secured);
    };
    const stop = acceptFrom(this.#listener, {
      get closed() {
        return acceptor.closed === true;
      },
      next: (connection) => void secure(connection),
      error: (error) => {
        end();
        acceptor.error(error);
      },
      complete: () => {
        end();
        acceptor.complete();
      },
    });
    return () => {
      stop();
      end();
    };
  }

  close(): Promise<void> {
    return this.#listener.close();
  }

  ref(): void {
    this.#listener.ref?.();
  }

  unref(): void {
    this.#listener.unref?.();
  }
}

/** The handshakes of one listener. */
class Handshakes {
  readonly #config: TlsConfig;
  readonly #options: TlsLayerOptions;
  readonly #underWay = new Set<Duplex>();
  #idle: HandshakeServer | undefined;

  constructor(config: TlsConfig, options: TlsLayerOptions) {
    this.#config = config;
    this.#options = options;
    // So a configuration is refused before the first connection, which then finds its server.
    if (!isRotating(config)) this.#idle = usable(config, () => new HandshakeServer(config, options));
  }

  /** Resolves with the connection with TLS. With undefined, and the connection destroyed, when it has failed or was cancelled; never rejects. */
  async secure(connection: Duplex): Promise<Duplex | undefined> {
    connection.on('error', () => {});
    const [oldest] = this.#underWay;
    if (this.#underWay.size >= MAX_HANDSHAKES) oldest?.destroy();
    this.#underWay.add(connection);
    try {
      return await this.#handshake(connection);
    } catch {
      connection.destroy();
      return undefined;
    } finally {
      this.#underWay.delete(connection);
    }
  }

  /** Cancels all that are under way. */
  cancel(): void {
    for (const connection of this.#underWay) connection.destroy();
  }

  async #handshake(connection: Duplex): Promise<Duplex> {
    const server = this.#takeServer(isRotating(this.#config) ? await newestTls(this.#config) : this.#config);
    if (connection.destroyed) throw new Error('closed');
    const secured = await server.handshake(connection);
    this.#idle ??= server;
    return secured;
  }

  #takeServer(config: TlsConfig): HandshakeServer {
    const idle = this.#idle?.config === config ? this.#idle : undefined;
    this.#idle = undefined;
    return idle ?? new HandshakeServer(config, this.#options);
  }
}

/**
 * Performs handshakes, one at a time. node:tls verifies client certificates only in its Server, so this is one that never listens; one
 * handshake at a time, because its events do not say which connection they are for. Creating one takes about 1.5 ms, so one is kept.
 */
class HandshakeServer {
  readonly config: TlsConfig;
  readonly #server: Server;
  readonly #alpn: readonly string[];
  /** Why a client is refused whose handshake is complete. */
  readonly #verify: (socket: TLSSocket) => Error | undefined;

  constructor(config: TlsConfig, { alpn = [], handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS }: TlsLayerOptions) {
    const mutual = config.requireClientCertificate ?? true;
    this.config = config;
    this.#alpn = alpn;
    const pinned = mutual && isAutoMtls(config) ? config : undefined;
    this.#verify = (socket) => (pinned === undefined ? undefined : refusalOf(socket, pinned, 'client'));
    this.#server = createServer({
      ...contextOptions(config),
      requestCert: mutual,
      rejectUnauthorized: mutual && pinned === undefined,
      handshakeTimeout: handshakeTimeoutMs,
      ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
    });
  }

  handshake(connection: Duplex): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const server = this.#server;
      const settle = (): void => {
        server.off('secureConnection', onSecure).off('tlsClientError', onFailure);
        connection.off('close', onClose);
      };
      const onSecure = (socket: TLSSocket): void => {
        settle();
        // An error from here on is followed by `close`: the owner need not listen to both.
        socket.on('error', () => {});
        const refusal = this.#verify(socket);
        if (refusal === undefined && agreed(socket.alpnProtocol, this.#alpn)) return resolve(socket);
        socket.destroy();
        reject(refusal ?? new Error('no protocol was agreed on by ALPN'));
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
