import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Two ends of a real unix socket, with half-open allowed. Unlike an in-memory pair it has the backpressure of a socket. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const directory = mkdtempSync(join(tmpdir(), 'p-'));
  const path = join(directory, 's');
  const server = createServer({ allowHalfOpen: true }).listen(path);
  await once(server, 'listening');
  const near = connect({ path, allowHalfOpen: true });
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  rmSync(directory, { recursive: true });
  for (const socket of [near, far]) socket.on('error', () => {});
  return [near, far];
}
