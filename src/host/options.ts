import type { Writable } from 'node:stream';
import { OptionsError } from '../errors.js';
import type { PluginSet, ProtocolName } from '../protocols/contract.js';
import type { TlsConfig } from '../transports/tls/tls.js';
import { resolveDuration } from '../wire/duration.js';
import { cookielessHandshake, type HandshakeConfig, resolveHandshake } from '../wire/handshake/handshake-config.js';
import { definedVariables } from '../wire/handshake/variables.js';
import { resolveLineLimit } from '../wire/lines.js';
import { agreedManifest } from '../wire/manifest/agreement.js';
import type { PluginManifest } from '../wire/manifest/manifest.js';
import { checkOptions, optionNames } from '../wire/option-names.js';
import { quoteText } from '../wire/quote.js';
import { baseVersionOf, isAttached, type LaunchOptions, type ResolvedLaunch, resolveLaunch } from './launch-options.js';
import type { VersionedPluginSets } from './negotiated.js';
import { checkLogSink, type LogSink } from './output/log-sink.js';
import { type PluginOutputMode, resolveOutput } from './output/plugin-output.js';
import { resolveName } from './plugin-name.js';
import { protocolsOf, resolveProtocols, versionTable } from './plugin-sets.js';

/** @inline */
interface CommonOptions {
  /**
   * What the plugin is called in states, logs, errors and, if it is built with rxplug, in the list of processes. @default in
   * `pluginHostModule` the key; the manifest's name; the base name of the program, or of the script that an interpreter runs; the runner's name
   */
  readonly name?: string;
  /**
   * What the plugin says of itself, as `parsePluginManifest` of `rxplug/manifest` reads it. Its version is in `client.plugin`, states, errors and
   * what log sinks get, and what it says of the handshake is compared with this host's. @default none: the version is unknown
   */
  readonly manifest?: PluginManifest;
  /** Protocols that the plugin may choose. @default those of the contracts in the plugin sets */
  readonly allowedProtocols?: readonly ProtocolName[];
  /** Bound of `start`, from its call to a connected client. @default 60 000 ms, as go-plugin */
  readonly startTimeoutMs?: number;
  /** How long `stop` waits for the plugin's answer, and then as long again for its exit, before it kills it. @default 2000 ms, as go-plugin */
  readonly stopGraceMs?: number;
  /** Bound of one `ping`. @default 5000 ms */
  readonly pingTimeoutMs?: number;
  /** TCP ports that the plugin may listen on. @default 10 000 to 25 000, as go-plugin */
  readonly ports?: { readonly min: number; readonly max: number };
  /** Environment variables of the plugin, added to the host's own or replacing them; an undefined one removes the host's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Keeps the host's own environment from the plugin. @default false */
  readonly skipHostEnv?: boolean;
  /** Receives the bytes of the plugin's real stderr, which `logs$` has as entries. Borrowed: never ended. */
  readonly stderr?: Writable;
  /** Receives every log entry of the plugin, besides `logs$`: `terminalSink()` prints them. @default what `LOG_SINK` is bound to, else none */
  readonly logSink?: LogSink;
  /**
   * What becomes of what the plugin's program prints after the handshake, besides `syncStdout$` and `syncStderr$`: `inherit` prints it to this
   * process's stdout and stderr, `log` makes an entry of each line, with the module `stdout` or `stderr`. @default 'ignore'
   */
  readonly output?: PluginOutputMode;
  /** Longest line on stderr that is parsed, at least 16 bytes; longer ones are entries of kind `piece`. @default 65 536 bytes, as go-plugin */
  readonly maxLogLineBytes?: number;
  /** TLS with certificates of your own, for the main connection and brokered ones; excludes `autoMtls`. */
  readonly tls?: TlsConfig;
  /** TLS with certificates that both ends make for this one start (go-plugin AutoMTLS). @default false */
  readonly autoMtls?: boolean;
  /**
   * gRPC only: brokered connections are multiplexed over the main one (go-plugin GRPCBrokerMultiplex). `start` rejects with
   * HandshakeError ERR_MULTIPLEXING_NOT_SUPPORTED when the plugin cannot do that. @default false
   */
  readonly grpcBrokerMultiplex?: boolean;
  /**
   * The plugin may outlive this host, to be reattached to: its sockets are not removed when the host exits, and a plugin built with rxplug
   * does not exit with it. `stop` ends it as always. @default false
   */
  readonly outlivesHost?: boolean;
  /** `cleanupClients` and `cleanupOnExit` end the plugin (go-plugin Managed). @default false */
  readonly managed?: boolean;
  /** Where the plugin's unix sockets are, and who may connect to them. */
  readonly unixSocket?: UnixSocketOptions;
  /**
   * Adds the place of the call to `stack` of what `start`, `dispense`, `ping` and calls of dispensed clients fail with. Costs some
   * microseconds for each call. @default whether the environment variable RXPLUG_CALL_SITES is set
   */
  readonly callSites?: boolean;
}

/**
 * Where unix sockets are made, and who may connect to them.
 *
 * @inline
 */
export interface UnixSocketOptions {
  /** Directory in which each plugin gets a private one. @default os.tmpdir() */
  readonly tempDir?: string;
  /** Name or number of a group that may connect besides the user: directory 0770, sockets 0660. @default nobody else */
  readonly group?: string;
}

/**
 * The plugin sets that the host knows: one, or one per application protocol version.
 *
 * @inline
 */
type SetOptions<P extends PluginSet, V extends VersionedPluginSets<P>> =
  | { readonly plugins: P; readonly versionedPlugins?: VersionedPluginSets<P> }
  | { readonly plugins?: never; readonly versionedPlugins: VersionedPluginSets<P> & V };

/**
 * How a plugin is started and what it may be (go-plugin ClientConfig).
 *
 * @example
 * ```ts
 * const options: ClientOptions<typeof plugins> = { command: ['./kv-plugin'], handshake, plugins, autoMtls: true };
 * ```
 */
export type ClientOptions<
  P extends PluginSet = PluginSet,
  V extends VersionedPluginSets<P> = VersionedPluginSets<P>,
> = CommonOptions & LaunchOptions & SetOptions<P, V>;

/** A client's options, validated, with the defaults filled in. */
export interface ResolvedClientOptions<P extends PluginSet = PluginSet> {
  /** Undefined when the runner tells it. */
  readonly name: string | undefined;
  readonly launch: ResolvedLaunch;
  readonly manifest: PluginManifest | undefined;
  readonly handshake: Required<HandshakeConfig>;
  readonly versions: ReadonlyMap<number, P>;
  readonly allowedProtocols: readonly ProtocolName[];
  readonly startTimeoutMs: number;
  readonly stopGraceMs: number;
  readonly pingTimeoutMs: number;
  readonly ports: { readonly min: number; readonly max: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly skipHostEnv: boolean;
  readonly stderr: Writable | undefined;
  readonly logSink: LogSink | undefined;
  readonly output: PluginOutputMode;
  readonly maxLogLineBytes: number;
  readonly tls: TlsConfig | undefined;
  readonly autoMtls: boolean;
  readonly grpcBrokerMultiplex: boolean;
  readonly outlivesHost: boolean;
  readonly managed: boolean;
  readonly unixSocket: UnixSocketOptions;
}

/** The names of all of a client's options. */
export const CLIENT_OPTION_NAMES = optionNames<ClientOptions>()(
  'callSites name manifest command cwd secureConfig processGroup runner reattach sidecar endpoint handshake plugins versionedPlugins allowedProtocols startTimeoutMs stopGraceMs pingTimeoutMs ports env skipHostEnv stderr logSink output maxLogLineBytes tls autoMtls grpcBrokerMultiplex outlivesHost managed unixSocket',
);

export const DEFAULT_CLIENT_OPTIONS = Object.freeze({
  startTimeoutMs: 60_000,
  stopGraceMs: 2000,
  pingTimeoutMs: 5000,
  ports: Object.freeze({ min: 10_000, max: 25_000 }),
  maxLogLineBytes: 65_536,
});

/** Validates the options and fills in the defaults. The caller's object is not changed. Throws OptionsError. */
export function resolveClientOptions<P extends PluginSet>(options: ClientOptions<P>): ResolvedClientOptions<P> {
  const launch = resolveLaunch(options);
  const isEndpoint = launch.kind === 'endpoint';
  const handshake = (isEndpoint ? cookielessHandshake : resolveHandshake)(options.handshake, baseVersionOf(options));
  const versions = versionTable(options, handshake.protocolVersion);
  checkTogether(options, launch);
  const allowedProtocols = resolveProtocols(options.allowedProtocols) ?? protocolsOf(versions);
  const terms = { handshake: options.handshake ?? {}, versions: [...versions.keys()], allowedProtocols };
  const manifest = agreedManifest(options.manifest, terms);
  return {
    name: resolveName(options.name ?? manifest?.name, launch),
    manifest,
    launch,
    handshake,
    versions,
    allowedProtocols,
    startTimeoutMs: resolveDuration('startTimeoutMs', options.startTimeoutMs, DEFAULT_CLIENT_OPTIONS.startTimeoutMs),
    stopGraceMs: resolveDuration('stopGraceMs', options.stopGraceMs, DEFAULT_CLIENT_OPTIONS.stopGraceMs),
    pingTimeoutMs: resolveDuration('pingTimeoutMs', options.pingTimeoutMs, DEFAULT_CLIENT_OPTIONS.pingTimeoutMs),
    ports: resolvePorts(options.ports),
    env: checkedVariables(options.env),
    skipHostEnv: options.skipHostEnv ?? false,
    stderr: checkedSink(options.stderr),
    logSink: checkLogSink(options.logSink),
    output: resolveOutput(options.output),
    maxLogLineBytes: resolveLineLimit(
      'maxLogLineBytes',
      options.maxLogLineBytes ?? DEFAULT_CLIENT_OPTIONS.maxLogLineBytes,
    ),
    tls: options.tls,
    autoMtls: options.autoMtls ?? false,
    grpcBrokerMultiplex: options.grpcBrokerMultiplex ?? false,
    outlivesHost: options.outlivesHost ?? false,
    managed: options.managed ?? false,
    unixSocket: resolveUnixSocket(options.unixSocket),
  };
}

function resolveUnixSocket(given: UnixSocketOptions | undefined): UnixSocketOptions {
  checkOptions('`unixSocket`', given, ['tempDir', 'group']);
  return { ...given };
}

/** What is undefined is kept: it removes a variable that the host has. */
function checkedVariables(env: CommonOptions['env']): Readonly<Record<string, string | undefined>> {
  definedVariables('createClient', env);
  return { ...env };
}

/** A path, for instance, has no `write`. */
function checkedSink(stderr: Writable | undefined): Writable | undefined {
  if (stderr === undefined || (typeof stderr.write === 'function' && typeof stderr.on === 'function')) return stderr;
  throw new OptionsError(
    `Expected \`stderr\` to be a Writable stream, got ${typeof stderr === 'string' ? quoteText(stderr) : typeof stderr}. For a file pass \`createWriteStream(path)\`.`,
  );
}

/** Throws OptionsError for options that exclude each other. */
function checkTogether(options: CommonOptions, launch: ResolvedLaunch): void {
  if (options.autoMtls === true && options.tls !== undefined)
    throw new OptionsError(
      'Expected either `autoMtls` or `tls`, got both: AutoMTLS makes its own certificates. Remove one of them.',
    );
  if (options.outlivesHost === true) checkOutliving(options, launch);
  if (launch.kind === 'endpoint') checkEndpoint(options);
  else if (options.grpcBrokerMultiplex === true && isAttached(launch))
    throw new OptionsError(
      `Expected no \`grpcBrokerMultiplex\` beside \`${launch.kind}\`: a multiplexing plugin accepts a single connection, and its first host had that.`,
    );
  if (options.autoMtls === true && isAttached(launch))
    throw new OptionsError(
      `Expected no \`autoMtls\` beside \`${launch.kind}\`: only the host that started the plugin has its keys. Use \`tls\`.`,
    );
}

function checkEndpoint({ autoMtls, tls }: CommonOptions): void {
  if (autoMtls === true)
    throw new OptionsError(
      'Expected no `autoMtls` beside `endpoint`: its keys are made for a start. Use `endpoint.tls`.',
    );
  if (tls !== undefined) throw new OptionsError('Expected no `tls` beside `endpoint`: give it as `endpoint.tls`.');
}

function checkOutliving({ autoMtls, grpcBrokerMultiplex, managed }: CommonOptions, launch: ResolvedLaunch): void {
  const sharesGroup = launch.kind === 'command' && launch.process.processGroup === 'shared';
  const obstacles: readonly (readonly [there: boolean | undefined, what: string])[] = [
    [isAttached(launch), `\`${launch.kind}\`: this host does not start the plugin`],
    [autoMtls, '`autoMtls`: only this host has its keys, so no other could reattach. Use `tls`'],
    [grpcBrokerMultiplex, '`grpcBrokerMultiplex`: such a plugin exits with the only connection that it accepts'],
    [managed, '`managed`: such a plugin is ended with the host'],
    [sharesGroup, "`processGroup: 'shared'`: a signal to this host's process group would end the plugin"],
  ];
  const found = obstacles.find(([there]) => there === true);
  if (found !== undefined) throw new OptionsError(`Expected no \`outlivesHost\` beside ${found[1]}.`);
}

function resolvePorts(ports: { readonly min: number; readonly max: number } | undefined): { min: number; max: number } {
  checkOptions('`ports`', ports, ['min', 'max']);
  const { min, max } = ports ?? DEFAULT_CLIENT_OPTIONS.ports;
  const valid = [min, max].every((port) => Number.isInteger(port) && port >= 0 && port <= 65_535) && min <= max;
  if (!valid)
    throw new OptionsError(
      `Expected \`ports\` to be { min, max } within 0 and 65535 and min ≤ max, got ${min} and ${max}.`,
    );
  return { min, max };
}
