import { OptionsError } from '../../errors.js';
import { resolveDuration } from '../../wire/duration.js';
import { definedVariables } from '../../wire/handshake/variables.js';
import { describeValue, optionNames, requireOptions } from '../../wire/option-names.js';

/** Where a plugin runs, and how to get there. */
export interface RelayOptions {
  /**
   * A command that runs another one far away and gives its stdin and stdout here: `['ssh', 'host']`, `['podman', 'exec', '-i', 'name']`.
   * What it says is logged as it comes. It has no terminal, so nobody can answer when it asks for a password.
   */
  readonly carrier: readonly [file: string, ...args: string[]];
  /** The far end, as a command over there. @default ['rxplug', 'relay'] */
  readonly relay?: readonly [file: string, ...args: string[]];
  /** The plugin and its arguments, over there. */
  readonly command: readonly [file: string, ...args: string[]];
  /** Working directory over there. @default that of the carrier */
  readonly cwd?: string;
  /** Environment variables, in addition to those of the client and those over there. The host's own are not passed. @default none */
  readonly env?: Readonly<Record<string, string>>;
  /** How long the far end may take to end a killed plugin, in milliseconds, before the carrier is killed. @default 5000 */
  readonly killTimeoutMs?: number;
}

export interface ResolvedRelayOptions extends RelayOptions {
  readonly relay: readonly [file: string, ...args: string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly killTimeoutMs: number;
}

const NAMES = optionNames<RelayOptions>()('carrier relay command cwd env killTimeoutMs');

const KILL_TIMEOUT_MS = 5_000;

/** Validates the options and fills in defaults. Throws OptionsError. */
export function resolveRelayOptions(options: RelayOptions): ResolvedRelayOptions {
  requireOptions('relayRunner', options, NAMES);
  const { carrier, command, relay = ['rxplug', 'relay'], cwd, env } = options;
  for (const [name, words] of Object.entries({ carrier, command, relay }))
    if (!Array.isArray(words) || !words.every(isText) || words[0] === undefined || words[0] === '')
      throw expected(name, 'a non-empty list of strings, the program first', words);
  if (cwd !== undefined && !isText(cwd)) throw expected('cwd', 'a path over there', cwd);
  const killTimeoutMs = resolveDuration('killTimeoutMs', options.killTimeoutMs, KILL_TIMEOUT_MS);
  return { ...options, relay, env: definedVariables('relayRunner', env), killTimeoutMs };
}

function expected(name: string, what: string, got: unknown): OptionsError {
  return new OptionsError(`Expected the \`${name}\` option of relayRunner to be ${what}, got ${describeValue(got)}.`);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}
