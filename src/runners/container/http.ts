import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface HttpExchange {
  readonly socketPath: string;
  readonly method: string;
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** From the request to the end of the answer; Infinity for one that lasts as long as a container. */
  readonly timeoutMs: number;
  /** Gives up; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Told the connection that carries the request. */
  readonly onSocket?: (socket: Socket) => void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** A connection that is HTTP no more, with what had come of it already. */
export interface Upgraded {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** More than any answer has that we ask for. */
const MAX_ANSWER_BYTES = 4 << 20;

/** One request over a connection of its own. Rejects with the error of the connection, or when a bound is exceeded. */
export function exchange(options: HttpExchange): Promise<HttpAnswer> {
  return perform(options, {}, (req, settle) => {
    req.on('response', (res) => collect(res, settle));
    req.on('upgrade', (_res, socket: Socket) => {
      socket.destroy();
      settle(new Error('it changed the protocol without being asked to'));
    });
  });
}

/** A request that makes the connection a stream of bytes in both directions; or an answer, if the engine will not. */
export function upgrade(options: HttpExchange): Promise<HttpAnswer | Upgraded> {
  const headers = { Connection: 'Upgrade', Upgrade: 'tcp' };
  return perform<HttpAnswer | Upgraded>(options, headers, (req, settle) => {
    req.on('response', (res) => collect(res, settle));
    req.on('upgrade', (_res, socket, head) => settle({ socket, head }));
  });
}

type Settle<T> = (outcome: T | Error) => void;

function perform<T>(
  options: HttpExchange,
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
    const onAbort = () => settle(signal?.reason instanceof Error ? signal.reason : new Error('it was given up'));
    const timer =
      timeoutMs === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => settle(new Error(`there was no answer within ${timeoutMs} ms`)), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (onSocket !== undefined) req.once('socket', onSocket);
    // Stays: what comes after the outcome has nobody to tell.
    req.on('error', settle);
    listen(req, settle);
    req.end(json);
  });
}

function begin({ socketPath, method, path }: HttpExchange, headers: Readonly<Record<string, string>>): ClientRequest {
  const common = { Host: 'engine', 'Content-Type': 'application/json' };
  return request({ socketPath, method, path, agent: false, headers: { ...common, ...headers } });
}

function collect(res: IncomingMessage, settle: Settle<HttpAnswer>): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  res.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    chunks.push(chunk);
    if (bytes > MAX_ANSWER_BYTES) settle(new Error(`its answer has more than ${MAX_ANSWER_BYTES} bytes`));
  });
  res.on('end', () => settle({ status: res.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
  res.on('error', settle);
}
