import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Duplex } from 'node:stream';
import { StoreError } from '../../errors.js';
import { isLoopback, shown } from './address.js';

type Env = Readonly<Record<string, string | undefined>>;

/** The proxy for an address, by HTTPS_PROXY, HTTP_PROXY and NO_PROXY in either case, as Go and curl read them. Throws StoreError. */
export function proxyFor(url: URL, env: Env): URL | undefined {
  const of = (name: string) => env[name.toLowerCase()] || env[name] || undefined;
  const given = of(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (given === undefined || isLoopback(url.hostname) || isExcepted(url, of('NO_PROXY') ?? '')) return undefined;
  const address = given.includes('://') ? given : `http://${given}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') return proxy;
  throw new StoreError(
    'ERR_SOURCE',
    'The proxy that HTTPS_PROXY or HTTP_PROXY names cannot be used: expected http://host:port or https://host:port.',
  );
}

/** Entries of NO_PROXY: `*`, a host with those below it, either with a port. */
function isExcepted({ hostname, port, protocol }: URL, noProxy: string): boolean {
  const ownPort = port || (protocol === 'https:' ? '443' : '80');
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = entry, onPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      const domain = name.replace(/^\*?\./, '');
      return (onPort === undefined || onPort === ownPort) && (hostname === domain || hostname.endsWith(`.${domain}`));
    });
}

/** The header with the name and password of a proxy's address. */
export function proxyAuthorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly signal: AbortSignal;
  readonly trusted: { readonly ca?: string | string[] };
}

/** A connection to a host through a proxy, by CONNECT. */
export function openTunnel(proxy: URL, { host, port, signal, trusted }: Target): Promise<Duplex> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const start = proxy.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const sent = start({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyAuthorization(proxy) },
      agent: false,
      signal,
      ...trusted,
    });
    sent.once('error', reject);
    sent.once('connect', ({ statusCode = 0 }, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      if (statusCode >= 200 && statusCode < 300) return resolve(socket);
      socket.destroy();
      return reject(refused(proxy, authority, statusCode));
    });
    sent.end();
  });
}

function refused(proxy: URL, authority: string, status: number): StoreError {
  const code = status === 407 ? 'ERR_CREDENTIALS' : 'ERR_SOURCE';
  const advice =
    status === 407
      ? 'Give name and password in its address, http://name:password@host:port.'
      : 'Ask whoever runs it, or except the host by NO_PROXY.';
  return new StoreError(
    code,
    `The proxy ${shown(proxy)} does not connect to ${authority}: it answered ${status}. ${advice}`,
  );
}
