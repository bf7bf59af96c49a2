import { OptionsError } from '../errors.js';
import type { PluginImplementations, ProtocolName } from '../protocols/contract.js';
import type { TlsConfig } from '../transports/tls/tls.js';
import { resolveDuration } from '../wire/duration.js';
import { HANDSHAKE_NAMES, type HandshakeConfig } from '../wire/handshake/handshake-config.js';
import type { Logger } from '../wire/logs/logger.js';
import { checkOptions } from '../wire/option-names.js';
import { quoteText } from '../wire/quote.js';

/** The options of a plugin, with its implementations in place (go-plugin ServeConfig). */
export interface ServeOptions {
  /** Protocol version and magic cookie; the host's must be the same. */
  readonly handshake: HandshakeConfig;
  /** The plugin set of the handshake's own protocol version. */
  readonly plugins?: PluginImplementations;
  /** Plugin sets by protocol version of the application; the highest version that the host has, too, is served. */
  readonly versionedPlugins?: Readonly<Record<number, PluginImplementations>>;
  /**
   * The protocol to serve, for a set whose contracts have both (go-plugin: gRPC if GRPCServer is set, else net/rpc). `serve` rejects with
   * OptionsError for a contract that does not have it. @default gRPC if every contract of the set has it, else net/rpc
   */
  readonly protocol?: ProtocolName;
  /** The plugin's logger. @default `pluginLogger()`: hclog JSON lines at level trace on the real stderr, which the host reads */
  readonly logger?: Logger;
  /** A TLS configuration of your own. If it returns undefined, AutoMTLS is used when the host asks for it. */
  readonly tlsProvider?: () => TlsConfig | undefined | Promise<TlsConfig | undefined>;
  /** The kind of socket that the plugin listens on. @default 'unix', on Windows 'tcp' */
  readonly network?: 'unix' | 'tcp';
  /** Called when the plugin is to stop, before the host's request for it is answered. */
  readonly onShutdown?: () => void | Promise<void>;
  /**
   * How long running calls may take to finish once the plugin is to stop; new calls are refused with UNAVAILABLE from then on. Only calls
   * with one response are waited for, of services that were added by their definition. Part of `shutdownDeadlineMs`. @default 1000 ms
   */
  readonly callGraceMs?: number;
  /** How long running calls and `onShutdown` may take together. The host kills the plugin after 2 s. @default 1500 ms */
  readonly shutdownDeadlineMs?: number;
  /**
   * How long the process may take to exit by itself after serving has ended; then it is ended with `process.exit`. @default 1000 ms
   */
  readonly exitGraceMs?: number;
  /**
   * Stops the plugin when the process that started it has exited or was killed. @default true, unless the host set `outlivesHost`
   */
  readonly exitWithHost?: boolean;
}

/** The options with their defaults filled in. */
export interface ResolvedServeOptions extends ServeOptions {
  readonly callGraceMs: number;
  readonly shutdownDeadlineMs: number;
  readonly exitGraceMs: number;
}

export const DEFAULT_SERVE_OPTIONS = Object.freeze({ callGraceMs: 1000, shutdownDeadlineMs: 1500, exitGraceMs: 1000 });

/** Validates once and fills in the defaults; never changes the caller's object. Throws OptionsError. */
export function resolveServeOptions(options: ServeOptions): ResolvedServeOptions {
  if ((options.handshake as HandshakeConfig | undefined) === undefined)
    throw new OptionsError('Expected `handshake`: the cookie and the version that plugin and host share.');
  checkOptions('`handshake`', options.handshake, HANDSHAKE_NAMES);
  checkLogger(options.logger);
  if (options.plugins === undefined && options.versionedPlugins === undefined)
    throw new OptionsError('Expected `plugins` or `versionedPlugins` to name at least one plugin.');
  const network: string | undefined = options.network;
  if (network !== undefined && network !== 'unix' && network !== 'tcp')
    throw new OptionsError(`Expected \`network\` to be 'unix' or 'tcp', got ${quoteText(String(network))}.`);
  const protocol: string | undefined = options.protocol;
  if (protocol !== undefined && protocol !== 'grpc' && protocol !== 'netrpc')
    throw new OptionsError(`Expected \`protocol\` to be 'grpc' or 'netrpc', got ${quoteText(String(protocol))}.`);
  const { callGraceMs, shutdownDeadlineMs, exitGraceMs } = DEFAULT_SERVE_OPTIONS;
  return {
    ...options,
    callGraceMs: resolveDuration('callGraceMs', options.callGraceMs, callGraceMs),
    shutdownDeadlineMs: resolveDuration('shutdownDeadlineMs', options.shutdownDeadlineMs, shutdownDeadlineMs),
    exitGraceMs: resolveDuration('exitGraceMs', options.exitGraceMs, exitGraceMs),
  };
}

/** A level in the place of a logger, for instance. */
function checkLogger(logger: Logger | undefined): void {
  if (logger === undefined || (typeof logger.error === 'function' && typeof logger.named === 'function')) return;
  const given = typeof logger === 'string' ? quoteText(logger) : typeof logger;
  throw new OptionsError(`Expected \`logger\` to be a Logger, got ${given}. Make one with \`pluginLogger(level)\`.`);
}
