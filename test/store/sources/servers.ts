import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';

/** A server on this machine that ends with the test. */
export interface TestServer {
  readonly port: number;
  /** `http://localhost:port`, without a slash at the end. */
  readonly origin: string;
  /** Method and path of each request, and its Authorization where it has one. */
  readonly requests: string[];
}

export interface Certificates {
  /** The certificate authority, in PEM. */
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
}

/** What answers a request; what it returns is ignored. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Starts a server whose connections are destroyed when the test ends. */
export async function serveHttp(t: TestContext, handler: Handler, tls?: Certificates): Promise<TestServer> {
  const requests: string[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const { authorization } = request.headers;
    requests.push(`${request.method} ${request.url}${authorization === undefined ? '' : ` ${authorization}`}`);
    void handler(request, response);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { port, origin: `${tls === undefined ? 'http' : 'https'}://localhost:${port}`, requests };
}

/** A proxy that connects every host to this machine, as if it knew their names. */
export async function serveProxy(t: TestContext, password?: string, tls?: Certificates): Promise<TestServer> {
  const requests: string[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(`${request.method} ${request.url}`);
    response.end('by the proxy');
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  const sockets = new Set<Duplex>();
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    const credentials = request.headers['proxy-authorization'];
    requests.push(`CONNECT ${request.url}`);
    if (password !== undefined && credentials !== `Basic ${Buffer.from(password).toString('base64')}`)
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const target = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    for (const one of [socket, target]) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => sockets.delete(one));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { port, origin: `${tls === undefined ? 'http' : 'https'}://localhost:${port}`, requests };
}

/** A certificate authority and a certificate of it for `plugins.test` and localhost, made by openssl; undefined where there is none. */
export function ownAuthority(): Certificates | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'ca-'));
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore', cwd: folder });
  try {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl('req', '-x509', ...key, '-subj', '/CN=Test CA', '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem');
    openssl('req', '-new', ...key, '-subj', '/CN=plugins.test', '-keyout', 'own.key', '-out', 'own.csr');
    writeFileSync(file('names'), 'subjectAltName=DNS:plugins.test,DNS:localhost\n');
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
    openssl('x509', '-req', '-in', 'own.csr', ...by, '-out', 'own.pem');
    const text = (name: string) => readFileSync(file(name), 'utf8');
    return { ca: text('ca.pem'), key: text('own.key'), cert: text('own.pem') };
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
