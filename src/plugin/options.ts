import { OptionsError } from '../errors.js';
import type { PluginImplementations, ProtocolName } from '../protocols/contract.js';
import type { TlsConfig } from '../transports/tls/tls.js';
import { resolveDuration } from '../wire/duration.js';
import type { HandshakeConfig } from '../wire/handshake/handshake-config.js';
import type { Logger } from '../wire/logs/logger.js';
import { quoteText } from '../wire/quote.js';

/** What a plugin serves and how (go-plugin ServeConfig). */
export interface ServeOptions {
  /** What both ends agree on beforehand: version and cookie. */
  readonly handshake: HandshakeConfig;
  /** What is served under the handshake's own protocol version. */
  readonly plugins?: PluginImplementations;
  /** What is served by application protocol version; the highest that the host shares is taken. */
  readonly versionedPlugins?: Readonly<Record<number, PluginImplementations>>;
  /**
   * What is served, of a set that can be spoken in more than one protocol (go-plugin: gRPC if GRPCServer is set, else net/rpc). Serving
   * fails with OptionsError for a set that cannot be spoken in it. @default gRPC where every member of the set can be, else net/rpc
   */
  readonly protocol?: ProtocolName;
  /** Where the plugin's log entries go. @default hclog JSON at level trace on the real stderr, where the host reads it */
  readonly logger?: Logger;
  /** TLS of your own. Returning undefined leaves the choice to AutoMTLS, as the host asks for it or not. */
  readonly tlsProvider?: () => TlsConfig | undefined | Promise<TlsConfig | undefined>;
  /** What the plugin listens on. @default 'unix', on Windows 'tcp' */
  readonly network?: 'unix' | 'tcp';
  /** Called when the host asks the plugin to end, before the answer: finish what must be finished. */
  readonly onShutdown?: () => void | Promise<void>;
  /**
   * Longest time that calls which are running when the end is asked for may still take; new ones are refused with UNAVAILABLE then.
   * Counted are calls with one response, of services that were added by their definition. Part of `shutdownDeadlineMs`.
   * @default 1000 ms
   */
  readonly callGraceMs?: number;
  /** Longest time that running calls and `onShutdown` are waited for together. The host kills after 2 s. @default 1500 ms */
  readonly shutdownDeadlineMs?: number;
  /**
   * Longest time that the process may live on after serving has ended, in which it would rather end by itself. @default 1000 ms
   */
  readonly exitGraceMs?: number;
  /**
   * Ends the plugin when the process that started it is gone, even if it was killed. @default true, unless the host started it with
   * `outlivesHost`
   */
  readonly exitWithHost?: boolean;
}

/** A plugin's options, complete. */
export interface ResolvedServeOptions extends ServeOptions {
  readonly callGraceMs: number;
  readonly shutdownDeadlineMs: number;
  readonly exitGraceMs: number;
}

export const DEFAULT_SERVE_OPTIONS = Object.freeze({ callGraceMs: 1000, shutdownDeadlineMs: 1500, exitGraceMs: 1000 });

/** Validates once and fills in the defaults; never changes the caller's object. Throws OptionsError. */
export function resolveServeOptions(options: ServeOptions): ResolvedServeOptions {
  if (options.plugins === undefined && options.versionedPlugins === undefined)
    throw new OptionsError('Expected `plugins` or `versionedPlugins` to say what is served.');
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
