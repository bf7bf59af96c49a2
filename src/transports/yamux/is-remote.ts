import { BlockList, isIP, isIPv4 } from 'node:net';
import type { Duplex } from 'node:stream';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Whether a connection is known to lead to another machine: over TCP, also under TLS, to an address that is not loopback. Unix sockets,
 * pipes and connections in memory have no such address.
 */
export function isRemote(connection: Duplex): boolean {
  const address = 'remoteAddress' in connection ? connection.remoteAddress : undefined;
  if (typeof address !== 'string') return false;
  const unmapped = address.replace(/^::ffff:/i, '');
  return isIP(unmapped) !== 0 && !LOOPBACK.check(unmapped, isIPv4(unmapped) ? 'ipv4' : 'ipv6');
}
