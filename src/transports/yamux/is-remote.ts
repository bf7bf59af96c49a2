import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Whether a connection is known to lead to another machine: over TCP, also under TLS, to an address that is not loopback. Unix sockets,
 * pipes and connections in memory have no such address. Addresses are those of sockets, in their shortest form.
 */
export function isRemote(connection: Duplex): boolean {
  const address = 'remoteAddress' in connection ? connection.remoteAddress : undefined;
  if (typeof address !== 'string') return false;
  const unmapped = address.replace(/^::ffff:/i, '');
  return isIP(unmapped) !== 0 && unmapped !== '::1' && !unmapped.startsWith('127.');
}
