import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { Subject, tap } from 'rxjs';
import { duplexPair } from '../../src/testing/duplex-pair.js';
import { dialerTo } from '../../src/transports/sockets/dial.js';
import { listenTcp } from '../../src/transports/sockets/tcp.js';
import { listenUnix } from '../../src/transports/sockets/unix.js';
import type { Dialer, Listener } from '../../src/transports/transport.js';

/** Two ends that can be connected any number of times, and all raw connections between them. */
export interface Link {
  readonly listener: Listener;
  readonly dialer: Dialer;
  /** Both ends of each raw connection: the dialed one and the accepted one. */
  readonly raw: Duplex[];
  close(): Promise<void>;
}

/** A kind of connection on which the tests run. */
export interface LinkKind {
  readonly name: string;
  open(): Promise<Link>;
}

async function unixLink(): Promise<Link> {
  const socketDir = mkdtempSync(join(tmpdir(), 'l'));
  const listener = await listenUnix({ socketDir });
  return overSockets(listener, () => rmdirSync(socketDir));
}

function overSockets(listener: Listener, onClosed: () => void = () => {}): Link {
  const raw: Duplex[] = [];
  const connection$ = listener.connection$.pipe(tap((connection) => void raw.push(connection)));
  return {
    listener: { address: listener.address, connection$, close: () => listener.close() },
    raw,
    dialer: recording(dialerTo(listener.address), raw),
    close: async () => {
      await listener.close();
      for (const connection of raw) connection.destroy();
      onClosed();
    },
  };
}

function recording(dialer: Dialer, raw: Duplex[]): Dialer {
  return {
    dial: async (options) => {
      const connection = await dialer.dial(options);
      raw.push(connection);
      return connection;
    },
  };
}

function memoryLink(): Promise<Link> {
  const raw: Duplex[] = [];
  const accepted = new Subject<Duplex>();
  const listener: Listener = {
    address: { network: 'unix', address: '/memory' },
    connection$: accepted,
    close: () => Promise.resolve(accepted.complete()),
  };
  const dialer: Dialer = {
    dial: () => {
      const [near, far] = duplexPair();
      raw.push(near, far);
      near.on('error', () => {});
      accepted.next(far);
      return Promise.resolve(near);
    },
  };
  const close = async (): Promise<void> => {
    await listener.close();
    for (const connection of raw) connection.destroy();
  };
  return Promise.resolve({ listener, dialer, raw, close });
}

/** The kinds of connections that TLS must work over. */
export const LINKS: readonly LinkKind[] = [
  { name: 'a unix socket', open: unixLink },
  { name: 'TCP', open: async () => overSockets(await listenTcp()) },
  { name: 'an in-memory Duplex', open: memoryLink },
];
