import type { CliContext } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import type { TargetFlags } from './options.js';
import { resolveTarget, type Target } from './resolve-target.js';
import { type RunningTarget, resolveRunning } from './running.js';

/** A plugin that is started, or one that runs already. */
export type AnyTarget = Target | RunningTarget;

/** What the words of a command line mean. */
export interface Words {
  readonly target: AnyTarget;
  /** What follows the program: a service, a method and its requests. */
  readonly rest: readonly string[];
}

/** The plugin is what follows `--`, or what `--reattach` or `--address` names, or the first word. Throws UsageError. */
export async function resolveWords(context: CliContext, flags: TargetFlags, words: readonly string[]): Promise<Words> {
  const { pluginCommand } = context;
  if (flags.reattach !== undefined || flags.address !== undefined) {
    if (pluginCommand.length > 0)
      throw new UsageError('Expected either a program after -- or a plugin that runs already, got both.');
    return { target: await resolveRunning(context, flags), rest: words };
  }
  if (flags.netrpc || flags.provider !== undefined) {
    const [given, needed] = flags.netrpc ? ['--netrpc', '--address'] : ['--provider', '--reattach'];
    throw new UsageError(`Expected ${needed} beside ${given}: it says how a plugin is reached that runs already.`);
  }
  const { command, rest } = programOf(context, words);
  return { target: await resolveTarget(command, flags), rest };
}

/** The plugin's command line, which is what follows `--` or the first word alone, and the other words. */
export function programOf(
  { pluginCommand }: CliContext,
  words: readonly string[],
): { readonly command: readonly string[]; readonly rest: readonly string[] } {
  return pluginCommand.length > 0
    ? { command: pluginCommand, rest: words }
    : { command: words.slice(0, 1), rest: words.slice(1) };
}
