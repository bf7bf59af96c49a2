import { OptionsError } from 'rxplug';

/** How a source talks to servers. */
export interface HttpOptions {
  /** Whether `http:` is taken for other machines than this one, where everybody on the way can read and change it. @default false */
  readonly insecure?: boolean;
  /**
   * Makes the requests, with its own proxies and certificates: undici's with a dispatcher, or a test's. @default node:https, by the proxies
   * of HTTPS_PROXY, HTTP_PROXY and NO_PROXY
   */
  readonly fetch?: typeof globalThis.fetch;
  /** Certificate authorities in PEM, in the place of those of Node. @default those of Node, and of NODE_EXTRA_CA_CERTS */
  readonly ca?: string | readonly string[];
  /** Where proxies are named, and for registries the places of credentials. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How long to wait for the head of an answer, and for the peer to take more of a request, in milliseconds. @default 30 000 */
  readonly headersTimeoutMs?: number;
  /** How long to wait for the next KiB of an answer, in milliseconds. @default 30 000 */
  readonly stallTimeoutMs?: number;
  /** How often a request is made that fails for a reason that may pass: a lost connection, the status 429 or 503. @default 5 */
  readonly attempts?: number;
  /** Wait before the second attempt, in milliseconds; each further one is twice as long, less up to half at random. @default 500 */
  readonly retryMs?: number;
}

/** The options with their defaults. */
export type ResolvedHttpOptions = Required<Omit<HttpOptions, 'fetch' | 'ca'>> & Pick<HttpOptions, 'fetch' | 'ca'>;

/** The names of HttpOptions. */
export const HTTP_OPTIONS = [
  'insecure',
  'fetch',
  'ca',
  'env',
  'headersTimeoutMs',
  'stallTimeoutMs',
  'attempts',
  'retryMs',
] as const satisfies readonly (keyof HttpOptions)[];

const MAX_TIMER_MS = 2_147_483_647;

/** Validates once and fills in the defaults. Throws OptionsError. */
export function resolveHttp(options: HttpOptions = {}): ResolvedHttpOptions {
  return {
    ...(options.fetch !== undefined && { fetch: options.fetch }),
    ...(options.ca !== undefined && { ca: options.ca }),
    insecure: options.insecure ?? false,
    env: options.env ?? process.env,
    headersTimeoutMs: integer('headersTimeoutMs', options.headersTimeoutMs ?? 30_000, MAX_TIMER_MS),
    stallTimeoutMs: integer('stallTimeoutMs', options.stallTimeoutMs ?? 30_000, MAX_TIMER_MS),
    attempts: integer('attempts', options.attempts ?? 5, 100),
    retryMs: integer('retryMs', options.retryMs ?? 500, MAX_TIMER_MS),
  };
}

function integer(name: string, value: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  throw new OptionsError(
    `Expected the \`${name}\` option to be an integer from 1 to ${most}, got \`${String(value)}\` (${typeof value}).`,
  );
}

/** Throws OptionsError for what is no object, and for a name that is not known: JavaScript has no compiler that would tell. */
export function requireKnown(of: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new OptionsError(
      `Expected the options of ${of} to be an object, got ${String(options)} (${typeof options}).`,
    );
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new OptionsError(
    `There is no option \`${unknown}\` of ${of}. It has ${known.map((name) => `\`${name}\``).join(', ')}.`,
  );
}
