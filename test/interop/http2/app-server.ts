import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Http2Options, Http2ServerSession, Http2StreamHandler } from '../../../src/transports/http2/interfaces.js';
import { serveHttp2 } from '../../../src/transports/http2/open-session.js';

export interface AppServer {
  readonly port: number;
  readonly socket: string;
  readonly sessions: Set<Http2ServerSession>;
}

/** Our engine behind a listener, for the length of a test. */
export async function appServer(
  t: TestContext,
  where: 'tcp' | 'unix',
  handler: Http2StreamHandler,
  options?: Http2Options,
): Promise<AppServer> {
  const directory = mkdtempSync(join(tmpdir(), 'a'));
  const socket = join(directory, 's');
  const sessions = new Set<Http2ServerSession>();
  const server = createServer((connection) => {
    const onClose = () => void sessions.delete(session);
    const session = serveHttp2(connection, handler, { onClose }, options);
    sessions.add(session);
  });
  if (where === 'unix') server.listen(socket);
  else server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return { socket, sessions, port: where === 'tcp' ? (server.address() as AddressInfo).port : 0 };
}
