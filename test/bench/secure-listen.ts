import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { tlsOf } from './identities.js';

/** Listens where the program's arguments say, under mutual TLS if they name a directory too; says `ready`. */
export function listenAsTold(onConnection: (connection: Duplex) => void): void {
  const [socketPath, directory] = process.argv.slice(2);
  const mutual = { requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] };
  const server =
    directory === undefined
      ? createServer(onConnection)
      : createTlsServer({ ...mutual, ...tlsOf(directory) }, onConnection);
  server.listen(socketPath, () => console.log('ready'));
}
