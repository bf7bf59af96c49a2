import type { Duplex } from 'node:stream';
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
} from 'node:tls';
import { defer, finalize, fromEvent, ignoreElements, merge, type Observable, Subject, takeUntil, tap } from 'rxjs';
import { SecurityError } from '../errors.js';
import type { Identity } from './certificate.js';
import type { Dialer, DialOptions, Listener } from './transport.js';

/** One configuration for both roles: whoever dials is the TLS client (go-plugin uses one `tls.Config` the same way). */
export interface TlsConfig extends SecureContextOptions {
  /** Name that the server's certificate is verified against and that is sent as SNI. @default 'localhost' */
  readonly serverName?: string;
  /** As server: demand and verify a certificate of the client. @default true */
  readonly requireClientCertificate?: boolean;
  /** As client: replaces the check of the name in the server's certificate; return an Error to refuse. */
  readonly checkServerIdentity?: ConnectionOptions['checkServerIdentity'];
}

export interface TlsLayerOptions {
  /** Protocols to negotiate: `['h2']` for gRPC, which grpc-go insists on; none for net/rpc. */
  readonly alpn?: readonly string[];
  /** Bound of one TLS handshake. @default 10 000 ms */
  readonly handshakeTimeoutMs?: number;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
const ALERT_NO_APPLICATION_PROTOCOL = 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL';

/** AutoMTLS, both roles: our identity, and trust in exactly one certificate, the peer's. */
export function mutualTls(identity: Identity, peerCertificatePem: string): TlsConfig {
  return {
    key: identity.keyPem,
    cert: identity.certificatePem,
    ca: [peerCertificatePem],
    serverName: 'localhost',
    requireClientCertificate: true,
  };
}

/** A dialer whose connections are TLS, this end being the TLS client. Rejects with SecurityError ERR_TLS. */
export function secureDialer(dialer: Dialer, config: TlsConfig, options: TlsLayerOptions = {}): Dialer {
  const context = contextOf(config);
  return {
    dial: async (dialOptions = {}) =>
      secureClient(await dialer.dial(dialOptions), config, context, { ...options, ...dialOptions }),
  };
}

/**
 * A listener whose connections are TLS, this end being the TLS server. A client that fails the handshake is dropped and never
 * emitted; one that stalls is dropped after `handshakeTimeoutMs`. Owns `listener`.
 */
export function secureListener(listener: Listener, config: TlsConfig, options: TlsLayerOptions = {}): Listener {
  return new SecureListener(listener, config, options);
}

function contextOf(config: TlsConfig): SecureContext {
  try {
    return createSecureContext({ minVersion: 'TLSv1.2', ...contextOptions(config) });
  } catch (cause) {
    throw new SecurityError(
      'ERR_TLS',
      'The TLS configuration is not usable: check the key, the certificate and the CA.',
      { cause },
    );
  }
}

function secureClient(
  connection: Duplex,
  config: TlsConfig,
  secureContext: SecureContext,
  options: TlsLayerOptions & DialOptions,
): Promise<Duplex> {
  const { alpn = [], handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS, signal } = options;
  return new Promise((resolve, reject) => {
    const socket = connect({
      socket: connection,
      secureContext,
      servername: config.serverName ?? 'localhost',
      ALPNProtocols: [...alpn],
      ...(config.checkServerIdentity === undefined ? {} : { checkServerIdentity: config.checkServerIdentity }),
    });
    const settle = (error?: Error) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', settle).off('close', onClose).off('secureConnect', onSecure);
      if (error === undefined) return resolve(socket);
      socket.on('error', () => {});
      socket.destroy();
      connection.destroy();
      reject(error === signal?.reason ? error : tlsError(error));
    };
    const onClose = () => settle(new Error('the peer closed the connection during the TLS handshake'));
    const onAbort = () => settle(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    const onSecure = () => settle(alpnFailure(socket, alpn));
    const timer = setTimeout(
      () => settle(new Error(`no TLS handshake within ${handshakeTimeoutMs} ms`)),
      handshakeTimeoutMs,
    );
    socket.once('error', settle).once('close', onClose).once('secureConnect', onSecure);
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort);
  });
}

function alpnFailure(socket: TLSSocket, alpn: readonly string[]): Error | undefined {
  if (alpn.length === 0 || (typeof socket.alpnProtocol === 'string' && alpn.includes(socket.alpnProtocol)))
    return undefined;
  return new Error(`the peer did not agree on ${alpn.join(', ')} by ALPN`);
}

function tlsError(cause: Error & { code?: string }): SecurityError {
  const hint = hintFor(cause);
  return new SecurityError('ERR_TLS', `The TLS connection to the plugin failed: ${cause.message}.${hint}`, { cause });
}

function hintFor(cause: Error & { code?: string }): string {
  if (cause.code === 'ERR_SSL_WRONG_VERSION_NUMBER' || cause.code === 'EPROTO')
    return ' The peer probably does not speak TLS.';
  if (cause.code === ALERT_NO_APPLICATION_PROTOCOL) return ' The peer does not offer HTTP/2.';
  if (cause.code === 'DEPTH_ZERO_SELF_SIGNED_CERT' || cause.code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    return ' The peer presents another certificate than the one it announced; with AutoMTLS both ends must support it.';
  return '';
}

/**
 * node:tls verifies client certificates only inside its own Server, so every connection passes through one that never listens.
 * A handshake in flight when the listener closes is bounded by its time limit alone.
 */
class SecureListener implements Listener {
  readonly address;
  readonly connection$: Observable<Duplex>;
  readonly #listener: Listener;

  constructor(listener: Listener, config: TlsConfig, options: TlsLayerOptions) {
    const server = verifyingServer(config, options);
    this.#listener = listener;
    this.address = listener.address;
    this.connection$ = defer(() => {
      const ended = new Subject<void>();
      const secured$ = (fromEvent(server, 'secureConnection') as Observable<TLSSocket>).pipe(takeUntil(ended));
      const raw$ = listener.connection$.pipe(
        tap((connection) => server.emit('connection', connection)),
        finalize(() => {
          ended.next();
          server.on('secureConnection', (late: TLSSocket) => late.destroy());
        }),
      );
      return merge(raw$.pipe(ignoreElements()), secured$);
    });
  }

  close(): Promise<void> {
    return this.#listener.close();
  }
}

function verifyingServer(config: TlsConfig, options: TlsLayerOptions): Server {
  const mutual = config.requireClientCertificate ?? true;
  const server = createServer({
    minVersion: 'TLSv1.2',
    ...contextOptions(config),
    requestCert: mutual,
    rejectUnauthorized: mutual,
    handshakeTimeout: options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
    ...(options.alpn === undefined ? {} : { ALPNProtocols: [...options.alpn] }),
  });
  return server.on('tlsClientError', (_error, socket) => socket.destroy());
}

function contextOptions(config: TlsConfig): SecureContextOptions {
  const { serverName: _, requireClientCertificate: __, checkServerIdentity: ___, ...context } = config;
  return context;
}
