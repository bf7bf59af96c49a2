import { OptionsError } from '../errors.js';
import type { AttachedRunner, ProcessSpec, RunnerFactory } from '../runners/runner.js';
import { resolveSecureConfig, type SecureConfig } from '../runners/secure/secure-config.js';
import {
  type PartialReattachConfig,
  type ReattachConfig,
  resolveReattachConfig,
} from '../wire/handshake/reattach-config.js';

/** A command line, without a shell. */
export interface CommandLaunch {
  /** Program and arguments, run without a shell. A bare name is looked up in the PATH. */
  readonly command: readonly [file: string, ...args: string[]];
  /** Working directory. @default the host's */
  readonly cwd?: string;
  /** What the program's file has to be, checked at every start (go-plugin SecureConfig). */
  readonly secureConfig?: SecureConfig;
  /**
   * `shared` leaves the plugin in the host's process group: the terminal's signals reach it too, and it can open /dev/tty. Stdin is
   * the host's either way. @default 'own'
   */
  readonly processGroup?: 'own' | 'shared';
}

/** A runner in place of a command: a container, another machine, or one of your own. */
export interface RunnerLaunch {
  /** Makes the runner that runs the plugin; called at the start. */
  readonly runner: RunnerFactory;
}

/** Comes to a plugin in a way of your own: by a container's id, for instance. Rejects when it is not there. */
export type AttachFunction = (config: ReattachConfig) => AttachedRunner | Promise<AttachedRunner>;

/** A plugin that runs already: what `client.reattachConfig()` or a plugin in test mode has given, by pid or by a way of your own. */
export interface ReattachLaunch {
  /** Where the plugin is found, as `client.reattachConfig()` has told it; `attach` comes to one that is no process of this machine. */
  readonly reattach: PartialReattachConfig & { readonly attach?: AttachFunction };
}

type Without<T> = { readonly [Key in keyof T]?: never };

/** Which plugin the client is for: one that it starts, or one that runs. */
export type LaunchOptions =
  | (CommandLaunch & Without<RunnerLaunch & ReattachLaunch>)
  | (RunnerLaunch & Without<CommandLaunch & ReattachLaunch>)
  | (ReattachLaunch & Without<CommandLaunch & RunnerLaunch>);

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

/** The way to run a plugin, checked. */
export type ResolvedLaunch = StartLaunch | AttachLaunch;

/** Whether a client ends its plugin: one that ran without it only if that was asked for, and one in test mode never. */
export function mayEnd(launch: ResolvedLaunch, { asked }: { readonly asked: boolean }): boolean {
  return launch.kind !== 'reattach' || (asked && !launch.config.test);
}

/** Throws OptionsError for a plugin that nobody but the host that started it can speak to. */
export function checkReattachable(options: {
  readonly autoMtls: boolean;
  readonly grpcBrokerMultiplex: boolean;
}): void {
  const obstacle = options.autoMtls
    ? "`autoMtls`: its keys are this host's alone. Use `tls`"
    : options.grpcBrokerMultiplex
      ? '`grpcBrokerMultiplex`: such a plugin takes one connection in its life, and has had it'
      : undefined;
  if (obstacle === undefined) return;
  throw new OptionsError(`Nobody can reattach to this plugin: it was started with ${obstacle}.`);
}

/**
 * Throws OptionsError for none or several ways to come to a plugin, and for what does not go together; SecurityError for a checksum
 * that is none.
 */
export function resolveLaunch(options: LaunchOptions): ResolvedLaunch {
  const given = (['command', 'runner', 'reattach'] as const).filter((name) => options[name] !== undefined);
  if (given.length !== 1)
    throw new OptionsError(
      `Expected exactly one of \`command\`, \`runner\` and \`reattach\`, got ${given.length === 0 ? 'none' : given.join(' and ')}.`,
    );
  if (options.command !== undefined) return resolveCommand(options);
  for (const name of ['cwd', 'secureConfig', 'processGroup'] as const) {
    if (options[name] === undefined) continue;
    const why = options.runner === undefined ? 'nothing is started' : 'it has to see to that by itself';
    throw new OptionsError(`Expected no \`${name}\` beside \`${given[0]}\`: ${why}.`);
  }
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
      ...(cwd === undefined ? {} : { cwd }),
      ...(processGroup === undefined ? {} : { processGroup }),
    },
  };
}

function resolveReattach({ attach, ...given }: ReattachLaunch['reattach']): ResolvedLaunch {
  const config = resolveReattachConfig(given);
  if (attach === undefined && config.pid === undefined)
    throw new OptionsError(
      'Expected `reattach` to have a `pid`, or an `attach` function that finds the plugin without one.',
    );
  return { kind: 'reattach', config, attach };
}
