import { errorMessage, StartError } from '../../errors.js';
import { truncateText } from '../../wire/quote.js';
import { exchange, type HttpAnswer, type HttpExchange, type Upgraded, upgrade } from './http.js';
import { textOf } from './json.js';

/** What an engine answered. */
export interface EngineAnswer {
  readonly status: number;
  /** Parsed JSON; undefined when the answer was none. */
  readonly body: unknown;
  /** The engine's own words on a failure. */
  readonly message: string;
}

export type EngineCall = Omit<HttpExchange, 'socketPath' | 'method' | 'path' | 'timeoutMs'> & {
  readonly query?: Readonly<Record<string, string>>;
  /** @default that of the engine */
  readonly timeoutMs?: number;
};

export interface EngineOptions {
  /** The engine's unix socket. */
  readonly socketPath: string;
  /** Bound of every request that does not wait for a container. */
  readonly timeoutMs: number;
}

/** The versions of the API that we speak. What we use of it has not changed in between; 1.25 is of 2017. */
const VERSIONS = { oldest: 25, newest: 51 };

/** The API of a Docker-compatible engine. Rejects with StartError ERR_CONTAINER_ENGINE when the engine cannot be talked to. */
export class ContainerEngine {
  readonly socketPath: string;
  readonly #timeoutMs: number;
  #version: Promise<string> | undefined;

  constructor({ socketPath, timeoutMs }: EngineOptions) {
    this.socketPath = socketPath;
    this.#timeoutMs = timeoutMs;
  }

  /** Makes a request of the API, whatever its outcome. */
  async call(method: string, path: string, call: EngineCall = {}): Promise<EngineAnswer> {
    const version = await this.#negotiated(call.signal);
    return answerOf(await this.#talk(exchange, method, `/v${version}${path}`, call));
  }

  /** Makes a request that ends in a stream of bytes; the connection belongs to the caller. */
  async stream(method: string, path: string, call: EngineCall = {}): Promise<Upgraded | EngineAnswer> {
    const version = await this.#negotiated(call.signal);
    const outcome = await this.#talk(upgrade, method, `/v${version}${path}`, call);
    return 'socket' in outcome ? outcome : answerOf(outcome);
  }

  /** Asked once; a failure is not remembered. */
  #negotiated(signal: AbortSignal | undefined): Promise<string> {
    this.#version ??= this.#negotiate(signal).catch((error: unknown) => {
      this.#version = undefined;
      throw error;
    });
    return this.#version;
  }

  async #negotiate(signal: AbortSignal | undefined): Promise<string> {
    const answer = answerOf(await this.#talk(exchange, 'GET', '/version', signal === undefined ? {} : { signal }));
    const newest = minorOf(textOf(answer.body, 'ApiVersion'));
    const oldest = minorOf(textOf(answer.body, 'MinAPIVersion')) ?? VERSIONS.oldest;
    if (answer.status !== 200 || newest === undefined)
      throw this.#failure(`it answered ${answer.status} to the question for its version`);
    const chosen = Math.min(newest, VERSIONS.newest);
    if (chosen >= Math.max(oldest, VERSIONS.oldest)) return `1.${chosen}`;
    throw this.#failure(
      `it speaks versions 1.${oldest} to 1.${newest} of the API, expected one of 1.${VERSIONS.oldest} to 1.${VERSIONS.newest}`,
    );
  }

  async #talk<T>(
    send: (options: HttpExchange) => Promise<T>,
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

function answerOf({ status, text }: HttpAnswer): EngineAnswer {
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
