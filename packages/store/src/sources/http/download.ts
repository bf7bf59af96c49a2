import { Readable } from 'node:stream';
import { StoreError } from '../../errors.js';
import type { OpenFile } from '../source.js';
import { shown } from './address.js';
import type { HttpClient } from './client.js';
import type { HttpAnswer } from './exchange.js';
import { refusal, retryWaitMs, tooLarge } from './failure.js';
import { waitBefore } from './retried.js';

/** A download that has come this much further has its attempts back. */
const PROGRESS_BYTES = 1024 * 1024;

/** A file of known size. */
export interface DownloadRequest {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes. */
  readonly size: number;
  /** Where to begin. @default 0 */
  readonly offset?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Makes an answer that is no file a StoreError. @default by the status */
  readonly refused?: (answer: HttpAnswer) => Promise<Error>;
}

/**
 * Opens a file. The stream goes on by itself after a lost connection, where the server can begin in the middle; it ends after exactly
 * `size` bytes and fails with StoreError, ERR_SIZE, when there are more or fewer.
 */
export async function download(http: HttpClient, request: DownloadRequest): Promise<OpenFile> {
  const { offset = 0, size, signal } = request;
  if (offset === size) return { offset, stream: Readable.from([]) };
  const begin = await openAt(http, request, offset, signal);
  return { offset: begin.offset, stream: new Download(http, request, begin) };
}

async function openAt(
  http: HttpClient,
  request: DownloadRequest,
  offset: number,
  signal?: AbortSignal,
): Promise<Opened> {
  const { url, size } = request;
  const range = offset > 0 ? { range: `bytes=${offset}-${size - 1}` } : {};
  const answer = await http.send({ url, signal, headers: { ...request.headers, ...range } });
  if (answer.status === 206) return { offset, body: partOf(answer, url, offset, size) };
  if (answer.status !== 200) throw (await request.refused?.(answer)) ?? refusal(url, 'GET', answer);
  const announced = answer.header('content-length');
  if (announced === undefined || Number(announced) === size) return { offset: 0, body: answer.body };
  answer.body.destroy();
  throw new StoreError(
    'ERR_SIZE',
    `${shown(url)} has ${announced} bytes, and ${size} were announced. Ask its publisher.`,
  );
}

function partOf(answer: HttpAnswer, url: URL, offset: number, size: number): Readable {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.header('content-range') ?? '') ?? [];
  if (Number(start) === offset && (total === '*' || Number(total) === size)) return answer.body;
  answer.body.destroy();
  throw new StoreError(
    'ERR_SIZE',
    `${shown(url)} was asked for the bytes from ${offset} of ${size}, and gives others.`,
  );
}

interface Opened {
  readonly offset: number;
  readonly body: Readable;
}

class Download extends Readable {
  readonly #http: HttpClient;
  readonly #request: DownloadRequest;
  #body: Readable | undefined;
  /** Where the next byte that is pushed stands in the file. */
  #position: number;
  /** Bytes that come once more, because the server begins from the start. */
  #skip = 0;
  #attempt = 1;
  #progress = 0;
  readonly #ending = new AbortController();
  readonly #abort = (): void => void this.destroy(this.#request.signal?.reason as Error);

  constructor(http: HttpClient, request: DownloadRequest, begin: Opened) {
    super();
    this.#http = http;
    this.#request = request;
    this.#position = begin.offset;
    this.#attach(begin.body);
    request.signal?.addEventListener('abort', this.#abort, { once: true });
  }

  override _read(): void {
    this.#body?.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#request.signal?.removeEventListener('abort', this.#abort);
    this.#ending.abort();
    this.#body?.destroy();
    done(error);
  }

  #attach(body: Readable): void {
    this.#body = body;
    body.pause();
    body.on('data', (chunk: Buffer) => this.#take(body, chunk));
    body.once('end', () => this.#finish());
    body.once('error', (error) => this.#again(error));
  }

  #take(body: Readable, whole: Buffer): void {
    const skipped = Math.min(this.#skip, whole.length);
    this.#skip -= skipped;
    const chunk = whole.subarray(skipped);
    if (chunk.length === 0) return;
    this.#position += chunk.length;
    this.#progress += chunk.length;
    if (this.#progress >= PROGRESS_BYTES) this.#attempt = 1;
    const { url, size } = this.#request;
    if (this.#position > size) return void this.destroy(tooLarge(url, size));
    if (!this.push(chunk)) body.pause();
  }

  #finish(): void {
    const { url, size } = this.#request;
    if (this.#position === size) return void this.push(null);
    const message = `${shown(url)} has ended after ${this.#position} of ${size} bytes. Ask its publisher.`;
    this.destroy(new StoreError('ERR_SIZE', message));
  }

  /** Goes on where the connection was lost. */
  #again(error: Error): void {
    if (this.destroyed) return;
    this.#body = undefined;
    this.#progress = 0;
    this.#reopen(error).catch((final: Error) => this.destroy(final));
  }

  async #reopen(error: Error): Promise<void> {
    const { attempts, retryMs } = this.#http.options;
    const askedMs = retryWaitMs(error);
    if (askedMs === undefined || this.#attempt >= attempts) throw error;
    await waitBefore(this.#attempt, retryMs, askedMs, this.#ending.signal);
    this.#attempt++;
    const { offset, body } = await openAt(this.#http, this.#request, this.#position, this.#ending.signal);
    if (this.destroyed) return void body.destroy();
    this.#skip = this.#position - offset;
    this.#attach(body);
    body.resume();
  }
}
