import { OptionsError } from '../../errors.js';
import { parseGoInteger } from '../go-text.js';
import type { ProtocolName } from './handshake-line.js';

/** Plugin sets by application protocol version. */
export type VersionTable<Set> = ReadonlyMap<number, Set>;

/** The plugin sets that an application configures: one under its base version, sets under explicit versions, or both. */
export interface VersionedSets<Set> {
  /** The base version, that of `plugins`. @default 0 */
  readonly protocolVersion?: number;
  readonly plugins?: Set;
  readonly versionedPlugins?: Readonly<Record<number, Set>>;
}

/** The host's sets. An explicit set of the base version takes precedence over `plugins` (go-plugin client.go Start). */
export function hostVersionTable<Set>(sets: VersionedSets<Set>): VersionTable<Set> {
  const table = explicitTable(sets.versionedPlugins);
  const base = baseVersion(sets);
  if (sets.plugins !== undefined && !table.has(base)) table.set(base, sets.plugins);
  return table;
}

/** The plugin's sets. `plugins` takes precedence over an explicit set of the base version (go-plugin server.go protocolVersion). */
export function pluginVersionTable<Set>(sets: VersionedSets<Set>): VersionTable<Set> {
  const table = explicitTable(sets.versionedPlugins);
  if (sets.plugins !== undefined) table.set(baseVersion(sets), sets.plugins);
  return table;
}

/** A parsed `PLUGIN_PROTOCOL_VERSIONS`. */
export interface ProtocolVersions {
  /** In the order of the list, which has no meaning: Go hosts send it in random order. */
  readonly versions: readonly number[];
  /** The items that are not integers; they are reported and ignored. */
  readonly invalid: readonly string[];
}

/**
 * Reads a host's version list. Absent or empty (a legacy host) is an empty list.
 *
 * @example
 * parseProtocolVersions('2,1,x'); // { versions: [2, 1], invalid: ['x'] }
 */
export function parseProtocolVersions(text: string | undefined): ProtocolVersions {
  const versions: number[] = [];
  const invalid: string[] = [];
  for (const item of text === undefined || text === '' ? [] : text.split(',')) {
    const version = parseGoInteger(item);
    if (version === undefined) invalid.push(item);
    else versions.push(version);
  }
  return { versions, invalid };
}

/**
 * The value of `PLUGIN_PROTOCOL_VERSIONS`: ascending, separated by commas.
 *
 * @example
 * formatProtocolVersions([3, 1]); // '1,3'
 */
export function formatProtocolVersions(versions: Iterable<number>): string {
  return [...new Set(versions)].sort((a, b) => a - b).join(',');
}

/** Options of `chooseVersion`. */
export interface ChooseOptions<Set> {
  /** The version to announce when the table is empty. @default 0 */
  readonly baseVersion?: number;
  /** The protocol of a set's members; undefined for an empty set. */
  readonly protocolOf: (set: Set) => ProtocolName | undefined;
}

/** The version that a plugin announces. */
export interface ChosenVersion<Set> {
  readonly version: number;
  /** The set of that version; absent when the plugin has no set. */
  readonly plugins?: Set;
  readonly protocol: ProtocolName;
  /** Whether the host offered this version. If not, it is the plugin's lowest, which the host refuses. */
  readonly matched: boolean;
}

/**
 * Chooses the highest version that both ends have, else the plugin's lowest. go-plugin: an empty set has the protocol of the next higher
 * version, `netrpc` without one (server.go protocolVersion).
 *
 * @example
 * const own = pluginVersionTable({ versionedPlugins: { 1: plugins, 2: newPlugins } });
 * chooseVersion(own, [1, 2, 3], { protocolOf: () => 'grpc' }).version; // 2
 */
export function chooseVersion<Set>(
  own: VersionTable<Set>,
  hostVersions: readonly number[],
  options: ChooseOptions<Set>,
): ChosenVersion<Set> {
  const descending = [...own].sort(([a], [b]) => b - a);
  let protocol: ProtocolName = 'netrpc';
  let chosen: ChosenVersion<Set> = { version: options.baseVersion ?? 0, protocol, matched: false };
  for (const [version, plugins] of descending) {
    protocol = options.protocolOf(plugins) ?? protocol;
    chosen = { version, plugins, protocol, matched: hostVersions.includes(version) };
    if (chosen.matched) break;
  }
  return chosen;
}

function explicitTable<Set>(sets: Readonly<Record<number, Set>> | undefined): Map<number, Set> {
  const table = new Map<number, Set>();
  for (const [key, set] of Object.entries(sets ?? {})) table.set(checkVersion(Number(key), key), set);
  return table;
}

function baseVersion(sets: VersionedSets<unknown>): number {
  const version = sets.protocolVersion ?? 0;
  return checkVersion(version, String(version));
}

function checkVersion(version: number, text: string): number {
  if (Number.isSafeInteger(version)) return version;
  throw new OptionsError(`Expected every plugin protocol version to be an integer, got \`${text}\`.`);
}
