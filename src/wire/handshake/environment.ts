import { TransportError } from '../../errors.js';
import { parseGoBool, parseGoInteger } from '../go-text.js';
import { quoteText } from '../quote.js';
import { formatProtocolVersions, parseProtocolVersions } from './versions.js';

/** The environment variables of the protocol (go-plugin client.go Start, constants.go). */
export const ENV = {
  minPort: 'PLUGIN_MIN_PORT',
  maxPort: 'PLUGIN_MAX_PORT',
  protocolVersions: 'PLUGIN_PROTOCOL_VERSIONS',
  multiplex: 'PLUGIN_MULTIPLEX_GRPC',
  clientCertificate: 'PLUGIN_CLIENT_CERT',
  unixSocketDir: 'PLUGIN_UNIX_SOCKET_DIR',
  unixSocketGroup: 'PLUGIN_UNIX_SOCKET_GROUP',
  /** Ours; other plugins take no notice of it, and do not watch their hosts anyway. */
  outlivesHost: 'RXPLUG_OUTLIVES_HOST',
} as const;

/** Present only when the host in question sets them: inherited from an outer host, they would make the plugin speak out of turn. */
const OPTIONAL_NAMES = [ENV.multiplex, ENV.clientCertificate, ENV.unixSocketDir, ENV.unixSocketGroup, ENV.outlivesHost];

/** Sent when the host configures neither port. */
export const DEFAULT_PORTS: PortRange = { minPort: 10_000, maxPort: 25_000 };

/** TCP ports to try in ascending order, both ends included. 0 to 0 lets the operating system choose. */
export interface PortRange {
  readonly minPort: number;
  readonly maxPort: number;
}

/** The cookie variable, by which a program knows that it was started as a plugin. No secret. */
export interface MagicCookie {
  readonly key: string;
  readonly value: string;
}

/** What a host tells its plugin. */
export interface HostAnnouncement {
  readonly cookie: MagicCookie;
  /** @default 0; 10000 to 25000 when both are 0 */
  readonly minPort?: number;
  readonly maxPort?: number;
  readonly protocolVersions: Iterable<number>;
  /** Requests broker multiplexing. @default false */
  readonly multiplex?: boolean;
  /** The host's AutoMTLS certificate in PEM. */
  readonly clientCertificate?: string;
  /** Name or number of the group that may connect to the plugin's unix sockets. */
  readonly unixSocketGroup?: string;
  readonly unixSocketDir?: string;
  /** Asks the plugin to live on when this host is gone. @default false */
  readonly outlivesHost?: boolean;
}

/** Where the rest of the plugin's environment comes from. */
export interface EnvironmentSources {
  /** The host's own environment; leave it out to pass nothing on. */
  readonly inherited?: Readonly<Record<string, string | undefined>>;
  /** Entries of the application for this plugin; an undefined value removes an inherited one. */
  readonly extra?: Readonly<Record<string, string | undefined>>;
  /** Names that differ only in case are one variable, as on Windows. @default false */
  readonly ignoreCase?: boolean;
}

/**
 * The complete environment of a plugin process. Variables of the protocol win over the application's entries, and those over
 * inherited ones (go-plugin: inherited wins over the application's). The optional variables are there only if this host sets
 * them.
 */
export function hostEnvironment(
  announcement: HostAnnouncement,
  sources: EnvironmentSources = {},
): Record<string, string> {
  const names = new Map<string, string>();
  const values = new Map<string, string>();
  const set = ([name, value]: readonly [string, string | undefined]): void => {
    const key = sources.ignoreCase === true ? name.toUpperCase() : name;
    names.set(key, name);
    if (value === undefined) values.delete(key);
    else values.set(key, value);
  };
  for (const entry of Object.entries(sources.inherited ?? {})) set(entry);
  for (const entry of Object.entries(sources.extra ?? {})) set(entry);
  for (const name of OPTIONAL_NAMES) set([name, undefined]);
  for (const entry of protocolEntries(announcement)) set(entry);
  return Object.fromEntries([...values].map(([key, value]) => [names.get(key) ?? key, value]));
}

function protocolEntries(announcement: HostAnnouncement): readonly (readonly [string, string | undefined])[] {
  const { cookie, minPort = 0, maxPort = 0 } = announcement;
  const ports = minPort === 0 && maxPort === 0 ? DEFAULT_PORTS : { minPort, maxPort };
  return [
    [cookie.key, cookie.value],
    [ENV.minPort, String(ports.minPort)],
    [ENV.maxPort, String(ports.maxPort)],
    [ENV.protocolVersions, formatProtocolVersions(announcement.protocolVersions)],
    [ENV.multiplex, announcement.multiplex === true ? 'true' : undefined],
    [ENV.clientCertificate, announcement.clientCertificate],
    [ENV.unixSocketGroup, announcement.unixSocketGroup || undefined],
    [ENV.unixSocketDir, announcement.unixSocketDir || undefined],
    [ENV.outlivesHost, announcement.outlivesHost === true ? 'true' : undefined],
  ];
}

/** What a plugin was told by its host. */
export interface PluginEnvironment {
  /** Versions that the host accepts; empty for a legacy host. */
  readonly hostVersions: readonly number[];
  /** Items of the version list that are not integers, to be reported on stderr. */
  readonly invalidVersions: readonly string[];
  /** Where to listen with TCP, or the TransportError ERR_LISTEN to fail with when listening that way. */
  readonly ports: PortRange | TransportError;
  /** Whether to print field 7 of the handshake. go-plugin: any non-empty value asks for it, even `false`. */
  readonly multiplexRequested: boolean;
  /** Whether to multiplex, if the protocol is grpc. */
  readonly multiplexEnabled: boolean;
  /** The host's certificate in PEM; asks for AutoMTLS. */
  readonly clientCertificate?: string;
  readonly unixSocketDir?: string;
  readonly unixSocketGroup?: string;
  /** Whether to live on when the host is gone. */
  readonly outlivesHost: boolean;
}

/** Reads the variables of the protocol from a plugin's environment. An empty variable counts as absent. Never throws. */
export function parsePluginEnvironment(env: Readonly<Record<string, string | undefined>>): PluginEnvironment {
  const { versions, invalid } = parseProtocolVersions(env[ENV.protocolVersions]);
  const multiplex = env[ENV.multiplex] ?? '';
  return {
    hostVersions: versions,
    invalidVersions: invalid,
    ports: parsePortRange(env[ENV.minPort], env[ENV.maxPort]),
    multiplexRequested: multiplex !== '',
    multiplexEnabled: parseGoBool(multiplex) === true,
    outlivesHost: parseGoBool(env[ENV.outlivesHost] ?? '') === true,
    ...present('clientCertificate', env[ENV.clientCertificate]),
    ...present('unixSocketDir', env[ENV.unixSocketDir]),
    ...present('unixSocketGroup', env[ENV.unixSocketGroup]),
  };
}

function present<Name extends string>(name: Name, value: string | undefined): { readonly [N in Name]?: string } {
  const entry: { [N in Name]?: string } = {};
  if (value !== undefined && value !== '') entry[name] = value;
  return entry;
}

/** Go tries every port of the range and fails on those that do not exist; only those that do are kept here. */
function parsePortRange(minText = '', maxText = ''): PortRange | TransportError {
  const min = parseGoInteger(minText === '' ? '0' : minText, 32);
  const max = parseGoInteger(maxText === '' ? '0' : maxText, 32);
  if (min === undefined) return portError(`${ENV.minPort} ${quoteText(minText)} is not a 32-bit integer`);
  if (max === undefined) return portError(`${ENV.maxPort} ${quoteText(maxText)} is not a 32-bit integer`);
  if (min > max) return portError(`${ENV.minPort} ${min} is greater than ${ENV.maxPort} ${max}`);
  const range = { minPort: Math.max(min, 0), maxPort: Math.min(max, 65_535) };
  return range.minPort <= range.maxPort ? range : portError(`${min} to ${max} holds no TCP port`);
}

function portError(problem: string): TransportError {
  const expected = `Expected ${ENV.minPort} and ${ENV.maxPort} to span ports from 0 to 65535; check the host's options.`;
  return new TransportError('ERR_LISTEN', `No TCP port to listen on: ${problem}. ${expected}`);
}
