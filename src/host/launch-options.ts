import { fileURLToPath } from 'node:url';
import { OptionsError } from '../errors.js';
import type { AttachedRunner, ProcessSpec, RunnerFactory } from '../runners/runner.js';
import { resolveSecureConfig, type SecureConfig } from '../runners/secure/secure-config.js';
import type { HandshakeConfig } from '../wire/handshake/handshake-config.js';
import {
  endsWithHost,
  type PartialReattachConfig,
  type ReattachConfig,
  resolveReattachConfig,
} from '../wire/handshake/reattach-config.js';
import { isTerraformReattach, TERRAFORM_REATTACH_VARIABLE } from '../wire/handshake/terraform-reattach.js';
import { checkOptions, optionNames } from '../wire/option-names.js';
import type { WatchedPlugin } from './attached/conditions.js';
import { type EndpointLaunch, type EndpointOptions, resolveEndpoint } from './attached/endpoint.js';
import { resolveSidecar, type SidecarLaunch, type SidecarOptions } from './attached/sidecar.js';

/** A command to run as a child process. */
export interface CommandLaunch {
  /** Program and arguments, run without a shell. A bare name is looked up in the PATH. */
  readonly command: readonly string[];
  /** Working directory, as a path or a `file:` URL. @default the host's */
  readonly cwd?: string | URL;
  /** The checksum that the program's file must have; it is verified at the start (go-plugin SecureConfig). */
  readonly secureConfig?: SecureConfig;
  /**
   * `shared` leaves the plugin in the host's process group, as with go-plugin: a Ctrl-C in the terminal reaches it too, and it can open
   * /dev/tty. With `own` it leads a group, which is killed as one. Stdin is the host's in both. @default 'own'
   */
  readonly processGroup?: 'own' | 'shared';
}

/** A runner in place of a command: a container, another machine, or one of your own. */
export interface RunnerLaunch {
  /** Makes the runner that runs the plugin; called at the start. */
  readonly runner: RunnerFactory;
}

/** Finds a running plugin that is not a process of this machine, for instance by its container's id. Rejects when there is none. */
export type AttachFunction = (config: ReattachConfig) => AttachedRunner | Promise<AttachedRunner>;

/** A plugin that runs already. */
export interface ReattachLaunch {
  /**
   * Where the plugin is, as `client.reattachConfig()` or a plugin in test mode tells it. Without `attach` it is found by its `pid`.
   */
  readonly reattach: PartialReattachConfig & { readonly attach?: AttachFunction };
}

/** A plugin that a sidecar runs. */
export interface SidecarChoice {
  /** Where the sidecar publishes the plugin. `start` waits for it; its end is that of the plugin. */
  readonly sidecar: SidecarOptions;
}

/** A plugin that runs already and is only called. */
export interface EndpointChoice {
  /** Where the plugin is, and what protects the connection. */
  readonly endpoint: EndpointOptions;
}

const REATTACH_NAMES = optionNames<ReattachLaunch['reattach']>()(
  'protocol protocolVersion network address id pid startTime test ends attach',
);

/** What both ends have agreed on beforehand. */
export interface Agreed {
  /** Protocol version and magic cookie, the same as the plugin's (go-plugin HandshakeConfig). An `endpoint` needs neither. */
  readonly handshake: HandshakeConfig;
}

type Without<T> = { readonly [Key in keyof T]?: never };

/**
 * Exactly one of `command`, `runner`, `reattach`, `sidecar` and `endpoint`.
 *
 * @inline
 */
export type LaunchOptions =
  | (CommandLaunch & Agreed & Without<RunnerLaunch & ReattachLaunch & SidecarChoice & EndpointChoice>)
  | (RunnerLaunch & Agreed & Without<CommandLaunch & ReattachLaunch & SidecarChoice & EndpointChoice>)
  | (ReattachLaunch & Agreed & Without<CommandLaunch & RunnerLaunch & SidecarChoice & EndpointChoice>)
  | (SidecarChoice & Agreed & Without<CommandLaunch & RunnerLaunch & ReattachLaunch & EndpointChoice>)
  | (EndpointChoice & Partial<Agreed> & Without<CommandLaunch & RunnerLaunch & ReattachLaunch & SidecarChoice>);

/** A plugin that the client starts. */
export type StartLaunch =
  | { readonly kind: 'command'; readonly process: ProcessSpec }
  | ({ readonly kind: 'runner' } & RunnerLaunch);

/** A plugin that runs already. */
export interface AttachLaunch {
  readonly kind: 'reattach';
  readonly config: ReattachConfig;
  readonly attach: AttachFunction | undefined;
}

/** The validated choice between `command`, `runner`, `reattach`, `sidecar` and `endpoint`. */
export type ResolvedLaunch = StartLaunch | AttachLaunch | SidecarLaunch | EndpointLaunch;

/** Whether this host has not started the plugin. */
export function isAttached({ kind }: ResolvedLaunch): boolean {
  return kind === 'reattach' || kind === 'sidecar' || kind === 'endpoint';
}

/**
 * Whether a client may end its plugin: one that it reattached to only when `stop` is called, one with `ends: false` or in test mode never, nor one
 * of a sidecar.
 */
export function mayEnd(launch: ResolvedLaunch, { asked }: { readonly asked: boolean }): boolean {
  if (launch.kind === 'sidecar') return false;
  if (launch.kind === 'endpoint') return asked && launch.ends;
  return launch.kind !== 'reattach' || (asked && endsWithHost(launch.config));
}

/** The application protocol version of `plugins`. */
export function baseVersionOf({ handshake, endpoint }: Pick<LaunchOptions, 'handshake' | 'endpoint'>): number {
  return handshake?.protocolVersion ?? endpoint?.version ?? 0;
}

/** What becomes of a plugin that cannot be reached any more. */
export function afterLoss(launch: ResolvedLaunch): 'killed' | 'left' | 'endpoint' {
  if (launch.kind === 'endpoint') return 'endpoint';
  return mayEnd(launch, { asked: false }) ? 'killed' : 'left';
}

/** How it is known whether the plugin is well. */
export function watchedOf(launch: ResolvedLaunch): WatchedPlugin {
  return {
    isAttached: isAttached(launch),
    ...(launch.kind === 'endpoint' ? { healthService: launch.healthService } : {}),
  };
}

/** Throws OptionsError for a plugin that only the host that started it can connect to. */
export function checkReattachable(options: {
  readonly launch: ResolvedLaunch;
  readonly autoMtls: boolean;
  readonly grpcBrokerMultiplex: boolean;
}): void {
  const obstacle = options.autoMtls
    ? '`autoMtls`: only this host has its keys. Use `tls`'
    : options.grpcBrokerMultiplex
      ? '`grpcBrokerMultiplex`: it accepts a single connection, which this host has'
      : undefined;
  if (options.launch.kind === 'endpoint')
    throw new OptionsError('An endpoint is not reattached to: another host connects with the same `endpoint`.');
  if (obstacle === undefined) return;
  throw new OptionsError(`No other host can reattach to this plugin: it was started with ${obstacle}.`);
}

/**
 * Throws OptionsError unless exactly one of `command`, `runner`, `reattach`, `sidecar` and `endpoint` is given, or for options that exclude each other;
 * SecurityError for a malformed checksum.
 */
export function resolveLaunch(options: LaunchOptions): ResolvedLaunch {
  const given = (['command', 'runner', 'reattach', 'sidecar', 'endpoint'] as const).filter(
    (name) => options[name] !== undefined,
  );
  if (given.length !== 1)
    throw new OptionsError(
      `Expected exactly one of \`command\`, \`runner\`, \`reattach\`, \`sidecar\` and \`endpoint\`, got ${given.length === 0 ? 'none' : given.join(' and ')}.`,
    );
  if (options.command !== undefined) return resolveCommand(options);
  for (const name of ['cwd', 'secureConfig', 'processGroup'] as const) {
    if (options[name] === undefined) continue;
    const why = options.runner === undefined ? 'nothing is started' : 'the runner decides that';
    throw new OptionsError(`Expected no \`${name}\` beside \`${given[0]}\`: ${why}.`);
  }
  if (options.sidecar !== undefined) return resolveSidecar(options.sidecar);
  if (options.endpoint !== undefined) return resolveEndpoint(options.endpoint);
  return options.runner === undefined ? resolveReattach(options.reattach) : { kind: 'runner', runner: options.runner };
}

function resolveCommand({ command, cwd, secureConfig, processGroup }: CommandLaunch): ResolvedLaunch {
  const parts: unknown[] = Array.isArray(command) ? command : [];
  const valid = parts.length > 0 && parts.every((part) => typeof part === 'string') && parts[0] !== '';
  if (!valid)
    throw new OptionsError(
      'Expected `command` to be a non-empty array of strings: the file to run, then its arguments.',
    );
  return {
    kind: 'command',
    process: {
      command: [...command] as [string, ...string[]],
      ...(secureConfig === undefined ? {} : { secureConfig: resolveSecureConfig(secureConfig) }),
      ...(cwd === undefined ? {} : { cwd: pathOf(cwd) }),
      ...(processGroup === undefined ? {} : { processGroup }),
    },
  };
}

/** Throws OptionsError for what is neither a path nor a `file:` URL. */
function pathOf(cwd: unknown): string {
  if (typeof cwd === 'string') return cwd;
  if (cwd instanceof URL && cwd.protocol === 'file:') return fileURLToPath(cwd);
  throw new OptionsError(`Expected \`cwd\` to be a path or a \`file:\` URL, got ${String(cwd)} (${typeof cwd}).`);
}

function resolveReattach(reattach: ReattachLaunch['reattach']): ResolvedLaunch {
  checkReattach(reattach);
  checkOptions('`reattach`', reattach, REATTACH_NAMES);
  const { attach, ...given } = reattach;
  const config = resolveReattachConfig(given);
  if (attach === undefined && config.pid === undefined)
    throw new OptionsError('Expected `reattach` to have a `pid`, or an `attach` function that finds the plugin.');
  return { kind: 'reattach', config, attach };
}

/** Programs without types pass what the environment gives. */
function checkReattach(reattach: unknown): void {
  if (isTerraformReattach(reattach))
    throw new OptionsError(
      `Expected \`reattach\` to be a ReattachConfig, got what Terraform has in ${TERRAFORM_REATTACH_VARIABLE}. ` +
        'Pass `parseTerraformReattach(json, address)`.',
    );
  if (typeof reattach !== 'object' || reattach === null)
    throw new OptionsError(`Expected \`reattach\` to be a ReattachConfig, got ${JSON.stringify(reattach)}.`);
}
