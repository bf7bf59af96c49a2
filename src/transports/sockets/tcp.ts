import { TransportError } from '../../errors.js';
import type { PortRange } from '../../wire/handshake/environment.js';
import { bind, createSocketServer, SocketListener } from './socket-listener.js';

const LOOPBACK = '127.0.0.1';
const MAX_PORT = 65_535;
const ANY_PORT: PortRange = { minPort: 0, maxPort: 0 };

/**
 * Listens on the first free port of the range, in ascending order, on 127.0.0.1; 0 to 0 lets the operating system choose
 * (go-plugin server.go serverListener_tcp). Rejects with TransportError ERR_LISTEN.
 */
export async function listenTcp(ports: PortRange = ANY_PORT): Promise<SocketListener> {
  const { minPort, maxPort } = ports;
  if (minPort > maxPort) {
    throw new TransportError(
      'ERR_LISTEN',
      `The lowest port to listen on, ${minPort}, is above the highest, ${maxPort}: correct the range.`,
    );
  }
  const server = createSocketServer();
  let cause: unknown;
  for (let port = Math.max(0, minPort); port <= Math.min(maxPort, MAX_PORT); port += 1) {
    try {
      await bind(server, { host: LOOPBACK, port });
      return new SocketListener(server, { network: 'tcp', address: `${LOOPBACK}:${portOf(server.address())}` });
    } catch (error) {
      cause = error;
    }
  }
  throw new TransportError(
    'ERR_LISTEN',
    `No TCP port from ${minPort} to ${maxPort} is free on ${LOOPBACK}: extend the range, or free a port.`,
    { cause },
  );
}

/** Splits `host:port`; an empty host means loopback, brackets hold an IPv6 address. Throws TransportError ERR_DIAL. */
export function parseTcpAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > MAX_PORT) {
    throw new TransportError(
      'ERR_DIAL',
      `"${address}" is not a TCP address: expected host:port, for instance 127.0.0.1:1234.`,
    );
  }
  return { host: (match[1] ?? match[2]) || LOOPBACK, port };
}

function portOf(address: ReturnType<ReturnType<typeof createSocketServer>['address']>): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
