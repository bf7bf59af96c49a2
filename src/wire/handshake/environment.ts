import { TransportError } from '../../errors.js';
import { parseGoBool, parseGoInteger } from '../go-text.js';
import { quoteText } from '../quote.js';
import { formatHostProcess, type HostProcess, parseHostProcess } from './host-process.js';
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
  /** An addition of rxplug; plugins of go-plugin ignore it. */
  outlivesHost: 'RXPLUG_OUTLIVES_HOST',
  /** An addition of rxplug: the host's process, so that a plugin behind a wrapper can watch it. */
  hostProcess: 'RXPLUG_HOST_PROCESS',
  /** An addition of rxplug: what the host calls the plugin, for the list of processes. */
  pluginName: 'RXPLUG_PLUGIN_NAME',
} as const;

/** Never inherited: a value from an outer host would enable a feature that this host did not ask for. */
const OPTIONAL_NAMES = [
  ENV.multiplex,
  ENV.clientCertificate,
  ENV.unixSocketDir,
  ENV.unixSocketGroup,
  ENV.outlivesHost,
  ENV.hostProcess,
  ENV.pluginName,
];

/** The ports of a host that configures none. */
export const DEFAULT_PORTS: PortRange = { minPort: 10_000, maxPort: 25_000 };

/** TCP ports to try in ascending order, both ends included. 0 to 0 lets the operating system choose. */
export interface PortRange {
  readonly minPort: number;
  readonly maxPort: number;
}

/** The environment variable by which a program recognises that it was started as a plugin. Not a secret. */
export interface MagicCookie {
  readonly key: string;
  readonly value: string;
}

/** What a host passes to its plugin in the environment. */
export interface HostAnnouncement {
  readonly cookie: MagicCookie;
  /** Lowest TCP port of the plugin. @default 0; 10000 to 25000 when both are 0 */
  readonly minPort?: number;
  /** Highest TCP port of the plugin. @default 0 */
  readonly maxPort?: number;
  /** The application protocol versions that the host supports. */
  readonly protocolVersions: Iterable<number>;
  /** Requests broker multiplexing. @default false */
  readonly multiplex?: boolean;
  /** The host's AutoMTLS certificate in PEM. */
  readonly clientCertificate?: string;
  /** Name or number of the group that may connect to the plugin's unix sockets. */
  readonly unixSocketGroup?: string;
  /** Directory in which the plugin makes its unix sockets. */
  readonly unixSocketDir?: string;
  /** Asks the plugin to keep running when this host has ended. @default false */
  readonly outlivesHost?: boolean;
  /** The host's process. @default not passed on: the plugin watches its parent alone */
  readonly hostProcess?: HostProcess;
  /** What the host calls the plugin. @default not passed on */
  readonly pluginName?: string;
}

/** Where the rest of the plugin's environment comes from. */
export interface EnvironmentSources {
  /** The host's own environment. @default nothing is inherited */
  readonly inherited?: Readonly<Record<string, string | undefined>>;
  /** Entries of the application for this plugin; an undefined value removes an inherited one. */
  readonly extra?: Readonly<Record<string, string | undefined>>;
  /** Whether names that differ only in case are one variable, as on Windows. @default false */
  readonly ignoreCase?: boolean;
}

/**
 * The complete environment of a plugin process. Variables of the protocol take precedence over the application's entries, and those over
 * inherited ones (go-plugin: inherited ones over the application's). Optional variables of the protocol are never inherited.
 *
 * @example
 * const cookie = { key: 'GREETER_PLUGIN', value: 'hello' };
 * const env = hostEnvironment({ cookie, protocolVersions: [1] }, { inherited: process.env });
 * spawn('./greeter', { env });
 */
export function hostEnvironment(
  announcement: HostAnnouncement,
  sources: EnvironmentSources = {},
): Record<string, string> {
  const { inherited = {}, extra = {}, ignoreCase = false } = sources;
  const variables = new Map<string, readonly [name: string, value: string]>();
  const set = (name: string, value: string | undefined): void => {
    const key = ignoreCase ? name.toUpperCase() : name;
    if (value === undefined) variables.delete(key);
    else variables.set(key, [name, value]);
  };
  for (const [name, value] of Object.entries(inherited)) set(name, value);
  for (const [name, value] of Object.entries(extra)) set(name, value);
  for (const name of OPTIONAL_NAMES) set(name, undefined);
  for (const [name, value] of protocolEntries(announcement)) set(name, value);
  return Object.fromEntries(variables.values());
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
    [ENV.hostProcess, announcement.hostProcess === undefined ? undefined : formatHostProcess(announcement.hostProcess)],
    [ENV.pluginName, announcement.pluginName],
  ];
}

/** What a host passed to a plugin in the environment. */
export interface PluginEnvironment {
  /** Versions that the host accepts; empty for a legacy host. */
  readonly hostVersions: readonly number[];
  /** Items of the version list that are not integers; the plugin reports them on stderr. */
  readonly invalidVersions: readonly string[];
  /** The TCP ports to try, or the TransportError ERR_LISTEN that listening on TCP fails with. */
  readonly ports: PortRange | TransportError;
  /** Whether to print field 7 of the handshake. go-plugin: any non-empty value requests it, even `false`. */
  readonly multiplexRequested: boolean;
  /** Whether to multiplex, if the protocol is grpc. */
  readonly multiplexEnabled: boolean;
  /** The host's certificate in PEM; requests AutoMTLS. */
  readonly clientCertificate?: string;
  readonly unixSocketDir?: string;
  readonly unixSocketGroup?: string;
  /** Whether to keep running when the host has ended. */
  readonly outlivesHost: boolean;
  /** The host's process; of a host of rxplug only. */
  readonly hostProcess?: HostProcess;
  /** What the host calls the plugin; of a host of rxplug only. */
  readonly pluginName?: string;
}

/**
 * Parses the variables of the protocol in a plugin's environment. An empty variable counts as absent. Never throws.
 *
 * @example
 * const { hostVersions, unixSocketDir } = parsePluginEnvironment(process.env);
 */
export function parsePluginEnvironment(env: Readonly<Record<string, string | undefined>>): PluginEnvironment {
  const { versions, invalid } = parseProtocolVersions(env[ENV.protocolVersions]);
  const multiplex = env[ENV.multiplex] ?? '';
  const hostProcess = parseHostProcess(env[ENV.hostProcess]);
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
    ...(hostProcess === undefined ? {} : { hostProcess }),
    ...present('pluginName', env[ENV.pluginName]),
  };
}

function present<Name extends string>(name: Name, value: string | undefined): { readonly [N in Name]?: string } {
  const entry: { [N in Name]?: string } = {};
  if (value !== undefined && value !== '') entry[name] = value;
  return entry;
}

/** Limits the range to ports that exist: Go tries every port of it and skips those that fail. */
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
