import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect, isIP, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Exchange, HttpAnswer, HttpRequest } from './exchange.js';
import type { ResolvedHttpOptions } from './options.js';
import { openTunnel, proxyAuthorization, proxyFor } from './proxy.js';

/**
 * Makes requests by node:http and node:https, each over a connection of its own that ends with its answer. Node's `fetch` takes no
 * certificate authorities, and before Node 24 no proxy.
 */
export function nodeExchange({ ca, env }: Pick<ResolvedHttpOptions, 'ca' | 'env'>): Exchange {
  const trusted = ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] };
  return async (request) => {
    const { url, signal } = request;
    const proxy = proxyFor(url, env);
    if (proxy === undefined) {
      const secure = () => connectTls({ host: bare(url), port: port(url), ...servername(url), ...trusted });
      return send(request, {
        createConnection: () => (url.protocol === 'https:' ? secure() : connect(port(url), bare(url))),
      });
    }
    if (url.protocol === 'http:') return send(request, byProxy(url, proxy, trusted));
    const socket = await openTunnel(proxy, { host: bare(url), port: port(url), signal, trusted });
    return send(request, { createConnection: () => connectTls({ socket, ...servername(url), ...trusted }) });
  };
}

/** How a request leaves this machine, where that is not plain. */
interface Route {
  readonly createConnection: () => Socket;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is not encrypted goes to the proxy with its whole address. */
function byProxy(url: URL, proxy: URL, trusted: object): Route {
  const own = { host: bare(proxy), port: port(proxy) };
  const createConnection = () =>
    proxy.protocol === 'https:' ? connectTls({ ...own, ...servername(proxy), ...trusted }) : connect(own);
  return { path: `${url.origin}${url.pathname}${url.search}`, headers: proxyAuthorization(proxy), createConnection };
}

function send(request: HttpRequest, { headers, ...how }: Route): Promise<HttpAnswer> {
  const { url, method, body, signal } = request;
  const start = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const host = { host: url.host };
    const target = { host: bare(url), port: port(url), path: `${url.pathname}${url.search}` };
    const sent = start({ ...target, ...how, method, headers: { ...host, ...headers, ...request.headers }, signal });
    sent.once('error', reject);
    sent.once('response', (message) => resolve(answerOf(message)));
    if (body === undefined) sent.end();
    // What goes wrong with the body of a request ends the request.
    else pipeline(body, sent, (error) => error && sent.destroy(error));
  });
}

function answerOf(message: IncomingMessage): HttpAnswer {
  return {
    status: message.statusCode ?? 0,
    header: (name) => {
      const value = message.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body: message,
  };
}

function port(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
}

/** A host name as sockets take it: an IPv6 address without brackets. */
function bare(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function servername(url: URL): { readonly servername?: string } {
  return isIP(bare(url)) === 0 ? { servername: bare(url) } : {};
}
