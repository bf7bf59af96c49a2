import { OptionsError } from '../../../errors.js';
import { MAX_TIMER_MS } from '../../../wire/duration.js';
import { checkOptions, optionNames } from '../../../wire/option-names.js';
import type { GrpcChannelSettings } from '../client/channel-options.js';
import type { GrpcClientOptions } from '../client/client.js';
import type { GrpcEndpoints } from '../engine.js';
import type { GrpcServerOptions } from '../server/grpc-server.js';

/** The broker of further connections, of either end. */
export interface GrpcBrokerOptions {
  /**
   * Of a host: false leaves the broker of the plugin to another host that attaches to it. A plugin's broker is that of the first host that asks for
   * it, for as long as the plugin lives. @default true
   */
  readonly enabled?: boolean;
  /** How long the side that dials and the side that accepts wait for each other. @default 5000 ms, as go-plugin */
  readonly timeoutMs?: number;
  /** Options of brokered servers. @default in a plugin those of its main server */
  readonly server?: GrpcServerOptions;
  /** Options of dialed channels. @default on a host those of its main channel */
  readonly channel?: GrpcChannelSettings;
  /** Options of borrowed clients. @default on a host those of its dispensed clients */
  readonly client?: GrpcClientOptions;
}

const NAMES = optionNames<GrpcBrokerOptions>()('enabled timeoutMs server channel client');

export type ResolvedBrokerOptions = Required<GrpcBrokerOptions>;

/** What a broker is opened with. */
export interface BrokerSettings extends ResolvedBrokerOptions {
  /** Makes its servers and channels. */
  readonly endpoints: GrpcEndpoints;
}

const TIMEOUT_MS = 5000;

/** Validates once and fills in the defaults. Throws OptionsError. */
export function resolveBrokerOptions(
  options: GrpcBrokerOptions,
  defaults: Partial<Omit<GrpcBrokerOptions, 'timeoutMs'>>,
): ResolvedBrokerOptions {
  checkOptions('`broker`', options, NAMES);
  const { enabled = true, timeoutMs = TIMEOUT_MS } = options;
  if (typeof enabled !== 'boolean')
    throw new OptionsError(`Expected the \`enabled\` option of the broker to be a boolean, got ${String(enabled)}.`);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMER_MS)
    throw new OptionsError(
      `Expected the \`timeoutMs\` option of the broker to be an integer from 1 to ${MAX_TIMER_MS}, got ${String(timeoutMs)}.`,
    );
  const { server = {}, channel = {}, client = {} } = { ...defaults, ...options };
  return { enabled, server, channel, client, timeoutMs };
}
