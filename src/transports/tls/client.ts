import { isIP, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type SecureContext, type TLSSocket } from 'node:tls';
import { SecurityError } from '../../errors.js';
import { setLoopTimeout } from '../../streams/loop-timeout.js';
import { onAbort } from '../../streams/on-abort.js';
import type { Dialer, DialOptions } from '../transport.js';
import { agreed, contextOf, HANDSHAKE_TIMEOUT_MS, type TlsConfig, type TlsLayerOptions } from './config.js';
import { isAutoMtls, refusalOf } from './pinned.js';
import { explainRefusal } from './refusal.js';
import { isRotating, newestTls } from './rotating.js';

/**
 * A dialer that adds TLS to its connections, as TLS client. `dial` rejects with SecurityError ERR_TLS. In TLS 1.3 the handshake of the client
 * is complete before the server has verified the client's certificate: a server that refuses it closes the connection afterwards.
 */
export function secureDialer(dialer: Dialer, config: TlsConfig, options: TlsLayerOptions = {}): Dialer {
  const known = isRotating(config) ? undefined : contextOf(config);
  return {
    dial: async (dialOptions = {}) => {
      const newest = await newestTls(config);
      const context = known ?? contextOf(newest);
      return await secureClient(await dialer.dial(dialOptions), newest, context, { ...options, ...dialOptions });
    },
  };
}

/**
 * Whether the peer speaks TLS, whatever its certificate: to explain why a connection without TLS has failed. Opens one connection and closes
 * it; never rejects.
 */
export async function speaksTls(dialer: Dialer, options: { readonly timeoutMs: number }): Promise<boolean> {
  const signal = AbortSignal.timeout(options.timeoutMs);
  try {
    const config = { rejectUnauthorized: false, ALPNProtocols: ['h2'], servername: 'localhost' };
    const socket = await handshake(await dialer.dial({ signal }), config, options.timeoutMs, signal);
    socket.destroy();
    return true;
  } catch (error) {
    return isAlert(error);
  }
}

async function secureClient(
  connection: Duplex,
  config: TlsConfig,
  secureContext: SecureContext,
  options: TlsLayerOptions & DialOptions,
): Promise<Duplex> {
  const { alpn = [], handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS, signal } = options;
  const connectOptions: ConnectionOptions = {
    secureContext,
    ...verifiedName(config.serverName ?? 'localhost'),
    // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED does not apply.
    rejectUnauthorized: !isAutoMtls(config),
    ALPNProtocols: [...alpn],
    ...(config.checkServerIdentity === undefined ? {} : { checkServerIdentity: config.checkServerIdentity }),
  };
  const verify = isAutoMtls(config) ? (socket: TLSSocket) => refusalOf(socket, config, 'server') : undefined;
  try {
    const socket = await handshake(connection, connectOptions, handshakeTimeoutMs, signal, verify);
    if (agreed(socket.alpnProtocol, alpn)) return socket;
    socket.destroy();
    throw new Error(`the peer did not agree on ${alpn.join(', ')} by ALPN`);
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error;
    throw tlsError(error, config);
  }
}

/** SNI has names alone (RFC 6066 §3); with `host`, node:tls still verifies that the certificate is for the number. */
function verifiedName(name: string): Pick<ConnectionOptions, 'host' | 'servername'> {
  return isIP(name) === 0 ? { servername: name } : { host: name };
}

/** Performs the handshake as client; destroys the connection when it fails, or when `verify` refuses the server. */
function handshake(
  connection: Duplex,
  options: ConnectionOptions,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  verify?: (socket: TLSSocket) => Error | undefined,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, socket: connection });
    if (!(connection instanceof Socket)) forwardRef(socket, connection);
    const settle = (error?: Error): void => {
      cancelTimeout();
      unwatch?.();
      socket.off('error', settle).off('close', onClose).off('secureConnect', onSecure);
      // An error from here on is followed by `close`: the owner need not listen to both.
      socket.on('error', () => {});
      connection.on('error', () => {});
      if (error === undefined) return resolve(socket);
      socket.destroy();
      connection.destroy();
      reject(error);
    };
    const onSecure = (): void => settle(verify?.(socket));
    const onClose = (): void => settle(new Error('the peer closed the connection during the TLS handshake'));
    const giveUp = (): void => settle(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    const late = (): void => settle(new Error(`no TLS handshake within ${timeoutMs} ms`));
    const cancelTimeout = setLoopTimeout(late, timeoutMs);
    socket.once('error', settle).once('close', onClose).once('secureConnect', onSecure);
    const unwatch = signal === undefined ? undefined : onAbort(signal, giveUp);
    if (signal?.aborted === true) giveUp();
  });
}

/** Over any Duplex but a socket, a TLSSocket has no handle that keeps the process alive: `ref` and `unref` are those of the Duplex. */
function forwardRef(socket: TLSSocket, connection: Duplex & { ref?(): unknown; unref?(): unknown }): void {
  socket.ref = () => {
    connection.ref?.();
    return socket;
  };
  socket.unref = () => {
    connection.unref?.();
    return socket;
  };
}

function tlsError(cause: unknown, config: TlsConfig): SecurityError {
  // OpenSSL's message contains addresses and names of source files; `reason` is the readable part.
  const reason = cause instanceof Error && 'reason' in cause && typeof cause.reason === 'string' ? cause.reason : '';
  const text = reason || (cause instanceof Error ? cause.message.trim() : String(cause));
  return new SecurityError(
    'ERR_TLS',
    `The TLS connection to the plugin failed: ${text}.${hintFor(codeOf(cause), config)}`,
    {
      cause,
    },
  );
}

/** OpenSSL's codes for a certificate that nothing in `ca` vouches for. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

const HINTS: Readonly<Record<string, string>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: ' The peer probably does not speak TLS.',
  EPROTO: ' The peer probably does not speak TLS.',
  ECONNRESET: ' The peer probably does not speak TLS, or refused this end.',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: ' The peer does not offer HTTP/2.',
  CERT_HAS_EXPIRED: " It is the peer's: renew it there, or set the clock of this machine right.",
  CERT_NOT_YET_VALID: " It is the peer's: set the clock of this machine, or of the one that issued it, right.",
};

function untrusted(config: TlsConfig): string {
  return isAutoMtls(config)
    ? ' The peer presents another certificate than the one that it announced for AutoMTLS.'
    : ' The peer presents a certificate that is not trusted here: give the CA that has signed it, or a self-signed one itself, as `ca`.';
}

function wrongName(config: TlsConfig): string {
  return isAutoMtls(config)
    ? ' AutoMTLS requires a certificate for the name localhost. Correct the certificate of the peer, or set `tls` on both ends instead.'
    : ' Set `serverName` to a name in the certificate.';
}

function hintFor(code: string, config: TlsConfig): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return wrongName(config);
  if (UNTRUSTED.has(code)) return untrusted(config);
  const refusal = explainRefusal(code, config);
  return refusal === undefined ? (HINTS[code] ?? '') : ` ${refusal}`;
}

/** The peer has answered with a TLS alert: it speaks TLS. */
function isAlert(error: unknown): boolean {
  return /ALERT/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
