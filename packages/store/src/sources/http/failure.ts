import { StoreError, type StoreErrorCode } from '../../errors.js';
import { shown } from './address.js';
import type { HttpAnswer } from './exchange.js';

/** Waits that a server asks for are kept up to this; with a longer one the request fails at once. */
const MAX_RETRY_AFTER_MS = 60_000;

/** Answers that may be others in a moment. */
const TRANSIENT_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Failures of the network that may pass: of connections, not of names, certificates or addresses. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** The cause of a StoreError for an answer of another status than the expected one. */
export class StatusError extends Error {
  readonly status: number;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(status: number, retryAfterMs = 0) {
    super(`The status is ${status}.`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

Object.defineProperty(StatusError.prototype, 'name', { value: 'StatusError', configurable: true, writable: true });

/** The cause of a StoreError for a wait that has ended without what was waited for. */
export class WaitError extends Error {}

Object.defineProperty(WaitError.prototype, 'name', { value: 'WaitError', configurable: true, writable: true });

/** An answer, whose body may have been read. */
export type Refused = Pick<HttpAnswer, 'status' | 'header'> & Partial<Pick<HttpAnswer, 'body'>>;

/** An answer that the status makes a failure. Its body is destroyed. */
export function refusal(url: URL, method: string, answer: Refused, detail = ''): StoreError {
  answer.body?.destroy();
  const { status } = answer;
  const retryAfterMs = TRANSIENT_STATUS.has(status) ? retryAfter(answer.header('retry-after')) : 0;
  const [code, advice] = meaning(status, retryAfterMs);
  return new StoreError(code, `${method} ${shown(url)} was answered ${status}${detail}. ${advice}`, {
    cause: new StatusError(status, retryAfterMs),
  });
}

function meaning(status: number, retryAfterMs: number): readonly [StoreErrorCode, string] {
  if (status === 401) return ['ERR_CREDENTIALS', 'Expected it to be readable: give credentials, or others.'];
  if (status === 403) return ['ERR_CREDENTIALS', 'The credentials, or none, do not suffice for it.'];
  if (status === 404 || status === 410) return ['ERR_NOT_FOUND', 'Check name and version.'];
  if (retryAfterMs > MAX_RETRY_AFTER_MS)
    return ['ERR_SOURCE', `It asks to wait ${Math.ceil(retryAfterMs / 1000)} s. Try again then.`];
  if (TRANSIENT_STATUS.has(status)) return ['ERR_SOURCE', 'Try again later.'];
  return ['ERR_SOURCE', 'Expected it to be there. Check the address.'];
}

/** The header is a number of seconds or a date. */
function retryAfter(header: string | undefined): number {
  if (header === undefined) return 0;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const until = Date.parse(header);
  return Number.isNaN(until) ? 0 : Math.max(0, until - Date.now());
}

/** Whether an answer is to be asked for again. */
export function isTransientStatus(status: number): boolean {
  return TRANSIENT_STATUS.has(status);
}

/** A failure of the network as a StoreError; one of those, and the reason of an aborted signal, stay what they are. */
export function networkFailure(url: URL, method: string, error: unknown): Error {
  if (error instanceof StoreError) return error;
  const cause = rootOf(error);
  const text =
    cause.code === undefined || cause.message.includes(cause.code) ? cause.message : `${cause.message} (${cause.code})`;
  return new StoreError(
    'ERR_SOURCE',
    `${method} ${shown(url)} has failed: ${text.slice(0, 300)}. ${adviceFor(cause.code)}`,
    {
      cause,
    },
  );
}

/** `fetch` hides what happened in causes. */
function rootOf(error: unknown): Error & { readonly code?: string } {
  if (!(error instanceof Error)) return new Error(String(error));
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}

function adviceFor(code: string | undefined): string {
  if (code === 'ENOTFOUND') return 'Check the name of the host; behind a proxy, set HTTPS_PROXY.';
  if (code !== undefined && /CERT|SIGNATURE|ISSUER|ALTNAME|SELF_SIGNED/.test(code))
    return 'Give the certificate authority of the server by `ca`, or by NODE_EXTRA_CA_CERTS.';
  return 'Check the address and the network; behind a proxy, set HTTPS_PROXY.';
}

/** How long to wait for the next attempt because the server asks for it, in milliseconds; undefined if another one would fail the same way. */
export function retryWaitMs(error: unknown): number | undefined {
  const cause = error instanceof StoreError ? error.cause : undefined;
  if (cause instanceof WaitError) return 0;
  if (cause instanceof StatusError)
    return TRANSIENT_STATUS.has(cause.status) && cause.retryAfterMs <= MAX_RETRY_AFTER_MS
      ? cause.retryAfterMs
      : undefined;
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' && TRANSIENT_CODES.has(code) ? 0 : undefined;
}

/** More bytes than there may be. */
export function tooLarge(url: URL, maxBytes: number): StoreError {
  return new StoreError('ERR_SIZE', `${shown(url)} is larger than the ${maxBytes} bytes that it may have.`);
}
