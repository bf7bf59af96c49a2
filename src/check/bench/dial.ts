import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { dialerTo } from '../../transports/sockets/dial.js';
import type { Identity } from '../../transports/tls/certificate.js';
import type { Announced } from './announced.js';
import { bounded } from './bounded.js';

const DIAL_TIMEOUT_MS = 5000;

/** Connects to what a plugin has announced, without TLS. */
export function dialPlain({ address }: Announced): Promise<Duplex> {
  return dialerTo(address, { timeoutMs: DIAL_TIMEOUT_MS }).dial();
}

/**
 * Connects with TLS and trusts whatever certificate comes: what it is worth is an item of its own. Without an identity there is no
 * certificate of the client. With TLS 1.3 a server refuses that after this has resolved.
 */
export async function dialTls(
  plugin: Announced,
  identity: Identity | undefined,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  return await handshake(await dialPlain(plugin), plugin, identity, options);
}

async function handshake(
  socket: Duplex,
  { protocol }: Announced,
  identity: Identity | undefined,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const secure = connect({
    socket,
    servername: 'localhost',
    rejectUnauthorized: false,
    ...(protocol === 'grpc' ? { ALPNProtocols: ['h2'] } : {}),
    ...(identity === undefined ? {} : { key: identity.keyPem, cert: identity.certificatePem }),
    ...options,
  });
  const ready = new Promise<TLSSocket>((resolve, reject) => {
    secure.once('secureConnect', () => resolve(secure)).once('error', reject);
    secure.once('close', () => reject(new Error('the plugin closed the connection during the TLS handshake')));
  });
  secure.on('error', () => {});
  try {
    return await bounded(DIAL_TIMEOUT_MS, 'TLS handshake', ready);
  } catch (error) {
    secure.destroy();
    socket.destroy();
    throw error;
  }
}

/** A connection as a host has it: with TLS if the plugin has announced a certificate. */
export async function secured(connection: Duplex, plugin: Announced, identity: Identity): Promise<Duplex> {
  return plugin.certificate === undefined ? connection : await handshake(connection, plugin, identity);
}

/** Connects as a host does. */
export async function dial(plugin: Announced, identity: Identity): Promise<Duplex> {
  return await secured(await dialPlain(plugin), plugin, identity);
}
