import type { Readable } from 'node:stream';
import { StoreError } from '../../errors.js';
import { requireSafe, shown } from './address.js';
import type { Exchange, HttpAnswer } from './exchange.js';
import { isTransientStatus, networkFailure, refusal, tooLarge, WaitError } from './failure.js';
import { fetchExchange } from './fetch-exchange.js';
import { nodeExchange } from './node-exchange.js';
import type { ResolvedHttpOptions } from './options.js';
import { retried } from './retried.js';
import { timedBody } from './timed-body.js';

const MAX_REDIRECTS = 5;
/** Longest time for an answer that is read as a whole. */
const MAX_WHOLE_MS = 120_000;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** A request as sources make it. */
export interface Request {
  readonly url: URL;
  /** @default 'GET' */
  readonly method?: string;
  /** Names in lower case. `authorization` is not sent to other origins. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes the body, once for each attempt and redirect. */
  readonly body?: () => Readable | Promise<Readable>;
  /** Whether the body has credentials in it: then it goes to no other origin, as the header does. @default false */
  readonly hasSecretBody?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** An answer, and whose it is after redirects. */
export interface FollowedAnswer extends HttpAnswer {
  readonly origin: string;
}

/** A whole answer. */
export interface WholeAnswer {
  readonly status: number;
  /** Of whoever has answered, after redirects. */
  readonly origin: string;
  readonly header: (name: string) => string | undefined;
  readonly bytes: Buffer;
}

/** Requests with redirects, retries and bounds. */
export interface HttpClient {
  readonly options: ResolvedHttpOptions;
  /** Rejects with StoreError for an answer that may be another in a moment, and after the last attempt. Other statuses are the caller's. */
  send(request: Request): Promise<FollowedAnswer>;
  /** The same with the whole body, of which at most `maxBytes` are taken. */
  read(request: Request, maxBytes: number): Promise<WholeAnswer>;
}

export function createHttpClient(options: ResolvedHttpOptions): HttpClient {
  const exchange = options.fetch === undefined ? nodeExchange(options) : fetchExchange(options.fetch);
  const once = (request: Request) => followed(exchange, options, request);
  const again = <T>(request: Request, work: () => Promise<T>) => retried(work, { ...options, signal: request.signal });
  return {
    options,
    send: (request) => again(request, () => once(request)),
    read: (request, maxBytes) => again(request, async () => whole(request, await once(request), maxBytes)),
  };
}

async function whole(
  { url, method }: Request,
  { status, header, body, origin }: FollowedAnswer,
  maxBytes: number,
): Promise<WholeAnswer> {
  const clock = setTimeout(() => body.destroy(late(url, 'The whole of', MAX_WHOLE_MS)), MAX_WHOLE_MS);
  const chunks: Buffer[] = [];
  // The answer to HEAD tells the length of what it does not have.
  let total = method === 'HEAD' ? 0 : Number(header('content-length') ?? 0);
  try {
    if (total > maxBytes) throw tooLarge(url, maxBytes);
    total = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > maxBytes) throw tooLarge(url, maxBytes);
      chunks.push(chunk);
    }
    return { status, header, origin, bytes: Buffer.concat(chunks) };
  } finally {
    clearTimeout(clock);
    body.destroy();
  }
}

/** One attempt, with its redirects. */
async function followed(exchange: Exchange, options: ResolvedHttpOptions, request: Request): Promise<FollowedAnswer> {
  const { method = 'GET' } = request;
  let { url } = request;
  let headers = { 'user-agent': 'rxplug-store', 'accept-encoding': 'identity', ...request.headers };
  requireSafe(url, options.insecure);
  for (let redirects = 0; ; redirects++) {
    const answer = await exchanged(exchange, options, { ...request, url, method, headers });
    if (isTransientStatus(answer.status)) throw refusal(url, method, answer);
    if (answer.status < 300) requirePlain(url, answer);
    const location = answer.header('location');
    if (!REDIRECTS.has(answer.status) || location === undefined) return { ...answer, origin: url.origin };
    answer.body.destroy();
    if (redirects === MAX_REDIRECTS)
      throw new StoreError(
        'ERR_SOURCE',
        `${method} ${shown(request.url)} was redirected more than ${MAX_REDIRECTS} times.`,
      );
    const next = redirected(url, location, method, answer.status, options.insecure);
    if (next.origin !== url.origin) {
      if (request.hasSecretBody === true) throw withSecret(method, url, next);
      headers = withoutCredentials(headers);
    }
    url = next;
  }
}

/** Digests and sizes are of the bytes as they are stored. */
function requirePlain(url: URL, { header, body }: HttpAnswer): void {
  const encoding = header('content-encoding') ?? 'identity';
  if (encoding === 'identity') return;
  body.destroy();
  throw new StoreError(
    'ERR_SOURCE',
    `${shown(url)} is sent with Content-Encoding ${encoding.slice(0, 20)}, which was not asked for. Turn it off for these files.`,
  );
}

function redirected(from: URL, location: string, method: string, status: number, insecure: boolean): URL {
  if (!URL.canParse(location, from.href))
    throw new StoreError('ERR_SOURCE', `${method} ${shown(from)} was redirected to what is no address.`);
  const to = new URL(location, from);
  if (method !== 'GET' && method !== 'HEAD' && status < 307)
    throw new StoreError(
      'ERR_SOURCE',
      `${method} ${shown(from)} was answered ${status}, a redirect that only reads. Check the address.`,
    );
  if (from.protocol === 'https:' && to.protocol !== 'https:' && !insecure)
    throw new StoreError(
      'ERR_SOURCE',
      `${shown(from)} redirects to ${shown(to)}, which is not encrypted. That is not followed.`,
    );
  requireSafe(to, insecure);
  return to;
}

function withSecret(method: string, from: URL, to: URL): StoreError {
  return new StoreError(
    'ERR_SOURCE',
    `${method} ${shown(from)} with credentials was redirected to ${shown(to)}, another server. They are not sent there. Ask whoever runs it.`,
  );
}

function withoutCredentials<T extends Record<string, string>>(headers: T): T {
  const { authorization: _, ...others } = headers as T & { authorization?: string };
  return others as unknown as T;
}

/** One request: the head has to come in time, and the body is bounded by time. */
async function exchanged(
  exchange: Exchange,
  { headersTimeoutMs, stallTimeoutMs }: ResolvedHttpOptions,
  {
    url,
    method,
    headers,
    body,
    signal,
  }: Request & { readonly method: string; readonly headers: Record<string, string> },
): Promise<HttpAnswer> {
  signal?.throwIfAborted();
  const ending = new AbortController();
  const clock = setTimeout(() => ending.abort(late(url, method, headersTimeoutMs)), headersTimeoutMs);
  let timed: Readable | undefined;
  const end = (): void => {
    ending.abort(signal?.reason);
    timed?.destroy(signal?.reason as Error);
  };
  const forget = (): void => signal?.removeEventListener('abort', end);
  signal?.addEventListener('abort', end, { once: true });
  try {
    const {
      status,
      header,
      body: raw,
    } = await exchange({ url, method, headers, signal: ending.signal, ...(await bodyOf(body, clock)) });
    timed = timedBody(raw, url, stallTimeoutMs).once('close', forget);
    return { status, header, body: timed };
  } catch (error) {
    forget();
    if (ending.signal.aborted) throw ending.signal.reason;
    throw networkFailure(url, method, error);
  } finally {
    clearTimeout(clock);
  }
}

async function bodyOf(make: Request['body'], clock: NodeJS.Timeout): Promise<{ readonly body?: Readable }> {
  if (make === undefined) return {};
  const body = await make();
  // The wait for the head begins when the peer has taken all of the request.
  body.on('data', () => clock.refresh());
  body.pause();
  return { body };
}

function late(url: URL, method: string, waitedMs: number): StoreError {
  const message = `${method} ${shown(url)} was not answered within ${waitedMs} ms. Check the network, or try again later.`;
  return new StoreError('ERR_SOURCE', message, { cause: new WaitError('There was no answer.') });
}
