import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface HttpRequest {
  readonly socketPath: string;
  readonly method: string;
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** From the request to the end of the response; Infinity to wait for a container's exit. */
  readonly timeoutMs: number;
  /** Aborts the request; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Called with the connection of the request. */
  readonly onSocket?: (socket: Socket) => void;
}

export interface HttpResponse {
  readonly status: number;
  readonly text: string;
}

/** An upgraded connection, with the bytes that were received behind the response. */
export interface ByteStream {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Well above the size of any response that we request. */
const MAX_RESPONSE_BYTES = 4 << 20;

/** Sends one request over a connection of its own. Rejects with the connection's error, on a timeout, and for a response that is too large. */
export function sendRequest(options: HttpRequest): Promise<HttpResponse> {
  return perform(options, {}, (req, settle) => {
    req.on('response', (res) => collect(res, settle));
    req.on('upgrade', (_res, socket: Socket) => {
      socket.destroy();
      settle(new Error('it upgraded the connection without a request to do so'));
    });
  });
}

/** Sends a request that upgrades the connection to a byte stream in both directions; resolves with the response if it is refused. */
export function openStream(options: HttpRequest): Promise<HttpResponse | ByteStream> {
  const headers = { Connection: 'Upgrade', Upgrade: 'tcp' };
  return perform<HttpResponse | ByteStream>(options, headers, (req, settle) => {
    req.on('response', (res) => collect(res, settle));
    req.on('upgrade', (_res, socket, head) => settle({ socket, head }));
  });
}

type Settle<T> = (outcome: T | Error) => void;

function perform<T>(
  options: HttpRequest,
  headers: Readonly<Record<string, string>>,
  listen: (req: ClientRequest, settle: Settle<T>) => void,
): Promise<T> {
  const { body, timeoutMs, signal, onSocket } = options;
  const json = body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const req = begin(options, { 'Content-Length': String(Buffer.byteLength(json)), ...headers });
    const settle: Settle<T> = (outcome) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      if (!(outcome instanceof Error)) return resolve(outcome);
      req.destroy();
      reject(outcome);
    };
    const onAbort = () =>
      settle(signal?.reason instanceof Error ? signal.reason : new Error('the request was aborted'));
    const timer =
      timeoutMs === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => settle(new Error(`it did not respond within ${timeoutMs} ms`)), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (onSocket !== undefined) req.once('socket', onSocket);
    // Not removed: an error after the outcome is ignored.
    req.on('error', settle);
    listen(req, settle);
    req.end(json);
  });
}

function begin({ socketPath, method, path }: HttpRequest, headers: Readonly<Record<string, string>>): ClientRequest {
  const common = { Host: 'engine', 'Content-Type': 'application/json' };
  return request({ socketPath, method, path, agent: false, headers: { ...common, ...headers } });
}

function collect(res: IncomingMessage, settle: Settle<HttpResponse>): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  res.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    chunks.push(chunk);
    if (bytes > MAX_RESPONSE_BYTES) settle(new Error(`its response has more than ${MAX_RESPONSE_BYTES} bytes`));
  });
  res.on('end', () => settle({ status: res.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
  res.on('error', settle);
}
