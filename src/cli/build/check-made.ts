import { lastValueFrom, toArray } from 'rxjs';
import { type CheckResult, checkPlugin } from 'rxplug/testing';
import { CommandFailure, ExitCode } from '../process/exit-code.js';
import { untilSignal } from '../process/until-signal.js';
import { checkOptions } from '../target/check-options.js';
import type { Target } from '../target/resolve-target.js';
import type { BuildFlags } from './flags.js';

/** How many of the items of `check plugin` what was made passes. */
export interface Checked {
  readonly passed: number;
  /** Those that users suffer from, by their ids. */
  readonly warned: readonly string[];
}

/** What was made, as `check plugin` checks it. Throws CommandFailure with the items that it does not pass. */
export async function checkMade(target: Target, flags: BuildFlags): Promise<Checked> {
  const results = await lastValueFrom(untilSignal(checkPlugin(checkOptions(target, flags))).pipe(toArray()));
  const withResult = (wanted: CheckResult['result']) => results.filter(({ result }) => result === wanted);
  const failed = withResult('fail').map(({ id, title, got }) => `${id} ${title}: ${got}`);
  if (failed.length > 0)
    throw new CommandFailure(
      ExitCode.bad,
      [`${target.command[0]} was made, and is no plugin for every host:`, ...failed].join('\n'),
    );
  return { passed: withResult('pass').length, warned: withResult('warn').map(({ id }) => id) };
}
