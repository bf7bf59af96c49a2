import { errorMessage, StartError } from '../../errors.js';
import { truncateText } from '../../wire/quote.js';
import { type ByteStream, type HttpRequest, type HttpResponse, openStream, sendRequest } from './http.js';
import { textOf } from './json.js';

/** A response of an engine. */
export interface EngineResponse {
  readonly status: number;
  /** The parsed JSON; undefined when the body is not JSON. */
  readonly body: unknown;
  /** The engine's error message. */
  readonly message: string;
}

export type EngineCall = Omit<HttpRequest, 'socketPath' | 'method' | 'path' | 'timeoutMs'> & {
  readonly query?: Readonly<Record<string, string>>;
  /** @default the engine's */
  readonly timeoutMs?: number;
};

export interface EngineOptions {
  /** The engine's unix socket. */
  readonly socketPath: string;
  /** Time limit of a request that sets none itself. */
  readonly timeoutMs: number;
}

/** The minor versions of API 1 that we support: what we use of it is the same in all of them. 1.25 is from 2017. */
const VERSIONS = { oldest: 25, newest: 51 };

/** A client of a Docker-compatible engine. Rejects with StartError ERR_CONTAINER_ENGINE when the engine cannot be used. */
export class ContainerEngine {
  readonly socketPath: string;
  readonly #timeoutMs: number;
  #version: Promise<string> | undefined;

  constructor({ socketPath, timeoutMs }: EngineOptions) {
    this.socketPath = socketPath;
    this.#timeoutMs = timeoutMs;
  }

  /** Sends a request and resolves with the response, whatever its status. */
  async call(method: string, path: string, call: EngineCall = {}): Promise<EngineResponse> {
    const version = await this.#negotiated(call.signal);
    return responseOf(await this.#send(sendRequest, method, `/v${version}${path}`, call));
  }

  /** Sends a request that turns the connection into a byte stream, which belongs to the caller; or resolves with the response. */
  async stream(method: string, path: string, call: EngineCall = {}): Promise<ByteStream | EngineResponse> {
    const version = await this.#negotiated(call.signal);
    const outcome = await this.#send(openStream, method, `/v${version}${path}`, call);
    return 'socket' in outcome ? outcome : responseOf(outcome);
  }

  /** The negotiated version; negotiated once, and again after a failure. */
  #negotiated(signal: AbortSignal | undefined): Promise<string> {
    this.#version ??= this.#negotiate(signal).catch((error: unknown) => {
      this.#version = undefined;
      throw error;
    });
    return this.#version;
  }

  async #negotiate(signal: AbortSignal | undefined): Promise<string> {
    const response = responseOf(
      await this.#send(sendRequest, 'GET', '/version', signal === undefined ? {} : { signal }),
    );
    const newest = minorOf(textOf(response.body, 'ApiVersion'));
    const oldest = minorOf(textOf(response.body, 'MinAPIVersion')) ?? VERSIONS.oldest;
    if (response.status !== 200 || newest === undefined)
      throw this.#failure(`it answered the request for its version with status ${response.status}`);
    const chosen = Math.min(newest, VERSIONS.newest);
    if (chosen >= Math.max(oldest, VERSIONS.oldest)) return `1.${chosen}`;
    throw this.#failure(
      `it supports versions 1.${oldest} to 1.${newest} of the API, expected one of 1.${VERSIONS.oldest} to 1.${VERSIONS.newest}`,
    );
  }

  async #send<T>(
    send: (options: HttpRequest) => Promise<T>,
    method: string,
    path: string,
    { query, timeoutMs = this.#timeoutMs, ...call }: EngineCall,
  ): Promise<T> {
    const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
    try {
      return await send({ ...call, socketPath: this.socketPath, method, path: path + search, timeoutMs });
    } catch (error) {
      if (call.signal?.aborted === true) throw error;
      throw this.#failure(errorMessage(error), error);
    }
  }

  #failure(why: string, cause?: unknown): StartError {
    return new StartError(
      'ERR_CONTAINER_ENGINE',
      `The container engine at ${this.socketPath} cannot be used: ${why}. Check that it runs (\`podman system service\`, \`dockerd\`), ` +
        'that this user may use its socket, and the `engine` option.',
      cause === undefined ? {} : { cause },
    );
  }
}

function responseOf({ status, text }: HttpResponse): EngineResponse {
  const body = parseJson(text);
  return { status, body, message: truncateText(textOf(body, 'message') ?? text.trim()) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function minorOf(version: string | undefined): number | undefined {
  const minor = /^1\.(\d{1,4})$/.exec(version ?? '')?.[1];
  return minor === undefined ? undefined : Number(minor);
}
