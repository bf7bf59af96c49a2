import { OptionsError } from '../errors.js';
import { type ResolvedSecureConfig, resolveSecureConfig, type SecureConfig } from '../runners/checksum.js';
import type { RunnerFactory } from '../runners/runner.js';

/** A command line, without a shell. */
export interface CommandLaunch {
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

/** A runner of your own: a container, another machine. */
export interface RunnerLaunch {
  readonly runner: RunnerFactory;
}

type Without<T> = { readonly [Key in keyof T]?: never };

/** What runs the plugin. */
export type LaunchOptions = (CommandLaunch & Without<RunnerLaunch>) | (RunnerLaunch & Without<CommandLaunch>);

export type ResolvedLaunch =
  | ({ readonly kind: 'command'; readonly secureConfig: ResolvedSecureConfig | undefined } & Pick<
      CommandLaunch,
      'command' | 'cwd' | 'processGroup'
    >)
  | ({ readonly kind: 'runner' } & RunnerLaunch);

/** Throws OptionsError for none or several ways to run a plugin, and for what does not go together; SecurityError for a checksum that is none. */
export function resolveLaunch(options: LaunchOptions): ResolvedLaunch {
  const given = (['command', 'runner'] as const).filter((name) => options[name] !== undefined);
  if (given.length !== 1)
    throw new OptionsError(
      `Expected exactly one of \`command\` and \`runner\`, got ${given.length === 0 ? 'none' : given.join(' and ')}.`,
    );
  if (options.command === undefined) return resolveRunner(options);
  const { command, cwd, secureConfig, processGroup } = options;
  checkCommand(command);
  return {
    kind: 'command',
    command: [...command] as [string, ...string[]],
    secureConfig: secureConfig === undefined ? undefined : resolveSecureConfig(secureConfig),
    ...(cwd === undefined ? {} : { cwd }),
    ...(processGroup === undefined ? {} : { processGroup }),
  };
}

function resolveRunner(options: LaunchOptions & RunnerLaunch): ResolvedLaunch {
  for (const name of ['cwd', 'secureConfig', 'processGroup'] as const) {
    if (options[name] !== undefined)
      throw new OptionsError(
        `Expected no \`${name}\` beside \`runner\`: a runner of your own has to see to it by itself.`,
      );
  }
  return { kind: 'runner', runner: options.runner };
}

function checkCommand(command: unknown): void {
  const parts: unknown[] = Array.isArray(command) ? command : [];
  const valid = parts.length > 0 && parts.every((part) => typeof part === 'string') && parts[0] !== '';
  if (!valid)
    throw new OptionsError(
      'Expected `command` to be a non-empty array of strings: the file to run, then its arguments.',
    );
}
