import type { Writable } from 'node:stream';
import { OptionsError } from '../errors.js';
import type { PluginContract, PluginSet, ProtocolName } from '../protocols/contract.js';
import type { TlsConfig } from '../transports/tls/tls.js';
import { resolveDuration } from '../wire/duration.js';
import type { HandshakeConfig } from '../wire/handshake/handshake-config.js';
import { hostVersionTable } from '../wire/handshake/versions.js';
import { MIN_LINE_BYTES } from '../wire/lines.js';
import { quoteText } from '../wire/quote.js';
import { type LaunchOptions, type ResolvedLaunch, resolveLaunch } from './launch-options.js';

interface CommonOptions {
  /** What both ends agree on beforehand: version and cookie. */
  readonly handshake: HandshakeConfig;
  /** Protocols that the plugin may choose. @default those that the contracts of the plugin sets can be spoken in */
  readonly allowedProtocols?: readonly ProtocolName[];
  /** From the start of the process to a connected client. @default 60 000 ms, as go-plugin */
  readonly startTimeoutMs?: number;
  /** How long `stop` waits for the plugin's answer, and then for its end, before it is killed. @default 2000 ms, as go-plugin */
  readonly stopGraceMs?: number;
  /** Bound of one `ping`. @default 5000 ms */
  readonly pingTimeoutMs?: number;
  /** TCP ports that the plugin may listen on. @default 10 000 to 25 000, as go-plugin */
  readonly ports?: { readonly min: number; readonly max: number };
  /** Further environment of the plugin; wins over the host's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Passes nothing of the host's own environment on. @default false */
  readonly skipHostEnv?: boolean;
  /** Receives the plugin's stderr as it comes, line by line, besides `logs$`. Borrowed: never ended. */
  readonly stderr?: Writable;
  /** Longest stderr line that is parsed, at least 16; longer ones arrive in pieces, unparsed. @default 65 536 bytes, as go-plugin */
  readonly maxLogLineBytes?: number;
  /** TLS of your own for every connection; excludes `autoMtls`. */
  readonly tls?: TlsConfig;
  /** One-time certificates on both ends. @default false */
  readonly autoMtls?: boolean;
  /**
   * gRPC only: one connection to the plugin carries everything, brokered connections too (go-plugin GRPCBrokerMultiplex). A plugin that
   * cannot is refused with HandshakeError ERR_MULTIPLEXING_NOT_SUPPORTED. @default false
   */
  readonly grpcBrokerMultiplex?: boolean;
  /**
   * The plugin may live on when this host ends: its sockets are left, and a plugin of this library is told. It is reached again with
   * `reattach`. `stop` ends it all the same. @default false
   */
  readonly outlivesHost?: boolean;
  /** Ended together with others by `cleanupClients`, and by `cleanupOnExit` (go-plugin Managed). @default false */
  readonly managed?: boolean;
  /** For the plugin's unix sockets. */
  readonly unixSocket?: UnixSocketOptions;
}

/** Where unix sockets are made, and who may connect. */
export interface UnixSocketOptions {
  /** Where the private directory of each plugin is made. @default os.tmpdir() */
  readonly tempDir?: string;
  /** Name or number of a group that may connect besides the user: directory 0770, sockets 0660. @default nobody else */
  readonly group?: string;
}

/** Which plugins the host can speak to: one set, or one per application protocol version. */
type SetOptions<P extends PluginSet> =
  | { readonly plugins: P; readonly versionedPlugins?: Readonly<Record<number, P>> }
  | { readonly plugins?: never; readonly versionedPlugins: Readonly<Record<number, P>> };

/** How to start a plugin and what to expect of it (go-plugin ClientConfig). */
export type ClientOptions<P extends PluginSet = PluginSet> = CommonOptions & LaunchOptions & SetOptions<P>;

/** A client's options, checked and complete. */
export interface ResolvedClientOptions<P extends PluginSet = PluginSet> {
  readonly launch: ResolvedLaunch;
  readonly handshake: Required<HandshakeConfig>;
  readonly versions: ReadonlyMap<number, P>;
  readonly allowedProtocols: readonly ProtocolName[];
  readonly startTimeoutMs: number;
  readonly stopGraceMs: number;
  readonly pingTimeoutMs: number;
  readonly ports: { readonly min: number; readonly max: number };
  readonly env: Readonly<Record<string, string>>;
  readonly skipHostEnv: boolean;
  readonly stderr: Writable | undefined;
  readonly maxLogLineBytes: number;
  readonly tls: TlsConfig | undefined;
  readonly autoMtls: boolean;
  readonly grpcBrokerMultiplex: boolean;
  readonly outlivesHost: boolean;
  readonly managed: boolean;
  readonly unixSocket: UnixSocketOptions;
}

export const DEFAULT_CLIENT_OPTIONS = Object.freeze({
  startTimeoutMs: 60_000,
  stopGraceMs: 2000,
  pingTimeoutMs: 5000,
  ports: Object.freeze({ min: 10_000, max: 25_000 }),
  maxLogLineBytes: 65_536,
});

/** Validates once and fills in the defaults; never changes the caller's object. Throws OptionsError. */
export function resolveClientOptions<P extends PluginSet>(options: ClientOptions<P>): ResolvedClientOptions<P> {
  const handshake = resolveHandshake(options.handshake);
  const versions = versionTable(options);
  if (options.autoMtls === true && options.tls !== undefined)
    throw new OptionsError(
      'Expected either `autoMtls` or `tls`, got both: AutoMTLS makes its own certificates. Remove one of them.',
    );
  const launch = resolveLaunch(options);
  if (options.outlivesHost === true) checkOutliving(options, launch);
  if (options.grpcBrokerMultiplex === true && launch.kind === 'reattach')
    throw new OptionsError(
      'Expected no `grpcBrokerMultiplex` beside `reattach`: such a plugin takes one connection in its life, and has had it.',
    );
  if (options.autoMtls === true && launch.kind === 'reattach')
    throw new OptionsError(
      'Expected no `autoMtls` beside `reattach`: its keys were those of the host that started the plugin. Use `tls`.',
    );
  return {
    launch,
    handshake,
    versions,
    allowedProtocols: resolveProtocols(options.allowedProtocols) ?? protocolsOf(versions),
    startTimeoutMs: resolveDuration('startTimeoutMs', options.startTimeoutMs, DEFAULT_CLIENT_OPTIONS.startTimeoutMs),
    stopGraceMs: resolveDuration('stopGraceMs', options.stopGraceMs, DEFAULT_CLIENT_OPTIONS.stopGraceMs),
    pingTimeoutMs: resolveDuration('pingTimeoutMs', options.pingTimeoutMs, DEFAULT_CLIENT_OPTIONS.pingTimeoutMs),
    ports: resolvePorts(options.ports),
    env: { ...options.env },
    skipHostEnv: options.skipHostEnv ?? false,
    stderr: options.stderr,
    maxLogLineBytes: lineLimit(options.maxLogLineBytes ?? DEFAULT_CLIENT_OPTIONS.maxLogLineBytes),
    tls: options.tls,
    autoMtls: options.autoMtls ?? false,
    grpcBrokerMultiplex: options.grpcBrokerMultiplex ?? false,
    outlivesHost: options.outlivesHost ?? false,
    managed: options.managed ?? false,
    unixSocket: { ...options.unixSocket },
  };
}

function checkOutliving({ autoMtls, grpcBrokerMultiplex, managed }: CommonOptions, launch: ResolvedLaunch): void {
  const sharesGroup = launch.kind === 'command' && launch.process.processGroup === 'shared';
  const obstacles: readonly (readonly [there: boolean | undefined, what: string])[] = [
    [launch.kind === 'reattach', "`reattach`: such a plugin is not this host's"],
    [autoMtls, '`autoMtls`: its keys end with this host, and nobody could come back. Use `tls`'],
    [grpcBrokerMultiplex, '`grpcBrokerMultiplex`: such a plugin ends with the one connection that it takes'],
    [managed, '`managed`: such a plugin ends with the host'],
    [sharesGroup, "`processGroup: 'shared'`: what ends this host's group would end the plugin"],
  ];
  const found = obstacles.find(([there]) => there === true);
  if (found !== undefined) throw new OptionsError(`Expected no \`outlivesHost\` beside ${found[1]}.`);
}

/** Both ends check it: an empty cookie would match an unset variable. */
function resolveHandshake(handshake: Partial<HandshakeConfig> = {}): Required<HandshakeConfig> {
  const { protocolVersion = 0, magicCookieKey, magicCookieValue } = handshake;
  if (!magicCookieKey || !magicCookieValue)
    throw new OptionsError(
      'Expected `handshake.magicCookieKey` and `handshake.magicCookieValue` to be non-empty strings.',
    );
  if (!Number.isSafeInteger(protocolVersion))
    throw new OptionsError(`Expected \`handshake.protocolVersion\` to be an integer, got ${String(protocolVersion)}.`);
  return { protocolVersion, magicCookieKey, magicCookieValue };
}

function versionTable<P extends PluginSet>(options: ClientOptions<P>): ReadonlyMap<number, P> {
  const versions = hostVersionTable<P>({
    protocolVersion: options.handshake.protocolVersion ?? 0,
    ...(options.plugins === undefined ? {} : { plugins: options.plugins }),
    ...(options.versionedPlugins === undefined ? {} : { versionedPlugins: options.versionedPlugins }),
  });
  if (versions.size === 0)
    throw new OptionsError('Expected `plugins` or `versionedPlugins` to name at least one plugin set.');
  for (const [version, set] of versions) checkContracts(version, set);
  return versions;
}

/** For callers without types: a service definition in the place of a contract, mostly. */
function checkContracts(version: number, set: Readonly<Record<string, Partial<PluginContract> | undefined>>): void {
  const wrong = Object.entries(set).find(([, contract]) => !Array.isArray(contract?.protocols));
  if (wrong === undefined) return;
  throw new OptionsError(
    `Expected \`${wrong[0]}\` of the plugin set of version ${version} to be a contract. Make it with \`grpcPlugin\` or \`netRpcPlugin\`.`,
  );
}

function resolveProtocols(protocols: readonly string[] | undefined): readonly ProtocolName[] | undefined {
  const unknown = protocols?.find((protocol) => protocol !== 'grpc' && protocol !== 'netrpc');
  if (unknown === undefined) return protocols as readonly ProtocolName[] | undefined;
  throw new OptionsError(`Expected \`allowedProtocols\` to be of 'grpc' and 'netrpc', got ${quoteText(unknown)}.`);
}

function protocolsOf(versions: ReadonlyMap<number, PluginSet>): readonly ProtocolName[] {
  const contracts: PluginContract[] = [...versions.values()].flatMap((set) => Object.values(set));
  return [...new Set(contracts.flatMap((contract) => contract.protocols))];
}

function resolvePorts(ports: { readonly min: number; readonly max: number } | undefined): { min: number; max: number } {
  const { min, max } = ports ?? DEFAULT_CLIENT_OPTIONS.ports;
  const valid = [min, max].every((port) => Number.isInteger(port) && port >= 0 && port <= 65_535) && min <= max;
  if (!valid)
    throw new OptionsError(
      `Expected \`ports\` to be { min, max } within 0 and 65535 and min ≤ max, got ${min} and ${max}.`,
    );
  return { min, max };
}

function lineLimit(value: number): number {
  if (Number.isSafeInteger(value) && value >= MIN_LINE_BYTES) return value;
  throw new OptionsError(
    `Expected \`maxLogLineBytes\` to be an integer of at least ${MIN_LINE_BYTES}, got ${value} (${typeof value}).`,
  );
}
