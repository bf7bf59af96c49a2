import { OptionsError } from '../errors.js';
import type { GrpcChannel } from '../protocols/grpc/client/channel.js';
import { resolveDuration } from '../wire/duration.js';
import { optionNames, requireOptions } from '../wire/option-names.js';

/** Makes a call in which the plugin dials the host through its broker, at the id that is given. Resolves when the call has ended. */
export type BrokerCall = (call: { readonly channel: GrpcChannel; readonly brokerId: number }) => PromiseLike<unknown>;

/** Options of `checkPlugin`. */
export interface CheckOptions {
  /** The command line of the plugin, without a shell. */
  readonly command: readonly [file: string, ...args: string[]];
  /** Working directory of the plugin. @default that of this process */
  readonly cwd?: string;
  /** Added to the environment of this process; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The cookie with which the plugin starts. */
  readonly handshake: { readonly magicCookieKey: string; readonly magicCookieValue: string };
  /** The versions that are offered. @default 0 to 255: a plugin takes the highest that it knows */
  readonly protocolVersions?: readonly number[];
  /** Whether AutoMTLS is offered; a plugin that has none is checked in clear text, without the items about TLS. @default true */
  readonly autoMtls?: boolean;
  /** Checks nothing but these: ids as `T-04`, or letters as `T`. @default all */
  readonly only?: readonly string[];
  /** Leaves these out: ids or letters. */
  readonly skip?: readonly string[];
  /** Bound of each start, in milliseconds. @default 30 000 */
  readonly startTimeoutMs?: number;
  /** For B-01, which is left out without it. */
  readonly brokerCall?: BrokerCall;
}

/** The options, checked and complete. */
export interface ResolvedCheckOptions extends CheckOptions {
  readonly protocolVersions: readonly number[];
  readonly autoMtls: boolean;
  readonly startTimeoutMs: number;
}

const NAMES = optionNames<CheckOptions>()(
  'command cwd env handshake protocolVersions autoMtls only skip startTimeoutMs brokerCall',
);
const START_TIMEOUT_MS = 30_000;
const ALL_VERSIONS = Array.from({ length: 256 }, (_, version) => version);

/** Throws OptionsError. */
export function resolveCheckOptions(options: CheckOptions): ResolvedCheckOptions {
  requireOptions('checkPlugin', options, NAMES);
  const { command, handshake, protocolVersions = ALL_VERSIONS, autoMtls = true } = options;
  if (!Array.isArray(command) || typeof command[0] !== 'string' || command[0] === '')
    throw new OptionsError('Expected the `command` option of checkPlugin to be a non-empty list, the program first.');
  if (typeof handshake?.magicCookieKey !== 'string' || typeof handshake.magicCookieValue !== 'string')
    throw new OptionsError(
      'Expected the `handshake` option of checkPlugin to have `magicCookieKey` and `magicCookieValue`.',
    );
  if (protocolVersions.length === 0)
    throw new OptionsError('Expected the `protocolVersions` option of checkPlugin to have a version.');
  const startTimeoutMs = resolveDuration('startTimeoutMs', options.startTimeoutMs, START_TIMEOUT_MS);
  return { ...options, protocolVersions, autoMtls, startTimeoutMs };
}
