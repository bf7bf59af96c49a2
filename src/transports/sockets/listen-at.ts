import { unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { errorMessage, TransportError } from '../../errors.js';
import type { Address } from '../../wire/handshake/address.js';
import { removeAtExit, removeNow, type SocketPlace } from './exit-cleanup.js';
import { bind, createSocketServer, SocketListener } from './socket-listener.js';
import { checkSocketPath } from './socket-path.js';

const LOOPBACK = '127.0.0.1';

/**
 * Listens at an address of the application's choice; port 0 is any free one. The file of a unix socket is removed when the listener closes or this
 * process exits, and one that a killed process has left is replaced. Rejects with TransportError ERR_LISTEN or ERR_SOCKET_PATH_TOO_LONG.
 */
export async function listenAt(address: Address): Promise<SocketListener> {
  const server = createSocketServer();
  try {
    return address.network === 'unix' ? await listenAtPath(server, address) : await listenAtPort(server, address);
  } catch (cause) {
    if (cause instanceof TransportError) throw cause;
    const message = `Nothing can listen at ${address.network} ${address.address}: ${errorMessage(cause)}. Choose another address, or end what listens there.`;
    throw new TransportError('ERR_LISTEN', message, { cause });
  }
}

async function listenAtPort(server: Server, { address }: Address): Promise<SocketListener> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '') || LOOPBACK;
  await bind(server, { host, port: Number(address.slice(colon + 1)) });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const shown = host.includes(':') ? `[${host}]` : host;
  return new SocketListener(server, { network: 'tcp', address: `${shown}:${port}` });
}

async function listenAtPath(server: Server, address: Address): Promise<SocketListener> {
  const { address: path } = address;
  checkSocketPath(path);
  try {
    await bind(server, { path });
  } catch (cause) {
    if (!hasCode(cause, 'EADDRINUSE') || (await isServed(path))) throw cause;
    unlinkSync(path);
    await bind(server, { path });
  }
  const place: SocketPlace = { path };
  removeAtExit(place);
  return new SocketListener(server, address, { onClosed: () => removeNow(place) });
}

/** Whether a process listens there. The file of one that was killed refuses at once. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => resolve(!hasCode(error, 'ECONNREFUSED')));
  });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
