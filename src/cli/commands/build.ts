import { access } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { PluginError } from 'rxplug';
import { type BuildFlags, startFlags } from '../build/flags.js';
import { type Made, make } from '../build/make.js';
import { measureStart, type StartTimes } from '../build/measure-start.js';
import { checkMade, recording } from '../build/recording.js';
import type { CliContext } from '../process/context.js';
import { CommandFailure, ExitCode, UsageError } from '../process/exit-code.js';
import { reporting } from '../process/failure.js';
import { parsePair } from '../target/options.js';
import { resolveTarget, type Target } from '../target/resolve-target.js';
import { columns } from '../terminal/columns.js';
import { visible } from '../terminal/visible.js';

/** `rxplug build ENTRY -o FILE`. */
export const build = reporting(async function (this: CliContext, flags: BuildFlags, entry?: string): Promise<void> {
  const source = await sourceOf(entry);
  const name = flags.name ?? basename(flags.out);
  // Profiles know programs by their paths, of which this is the last part.
  const target = await resolveTarget([resolve('/', basename(name))], startFlags(flags, 'auto'));
  const made = await refusals(make({ entry: source, name, flags, record: recording(target, flags, this) }));
  const times =
    made.file === undefined ? undefined : await tryOut({ ...target, command: [resolve(made.file)] }, flags, this);
  const shown = { ...made, ...times };
  this.process.stdout.write(`${flags.json ? JSON.stringify(shown, undefined, 2) : visible(render(made, times))}\n`);
});

async function sourceOf(entry: string | undefined): Promise<string> {
  if (entry === undefined) throw new UsageError('Expected the file of a program: rxplug build src/plugin.ts -o FILE.');
  await access(entry).catch((cause: Error) => {
    throw new UsageError(`Cannot read ${entry}: ${cause.message}`);
  });
  return resolve(entry);
}

/** What cannot be bundled is no wrong use of the command. */
async function refusals<T>(making: Promise<T>): Promise<T> {
  try {
    return await making;
  } catch (error) {
    if (!PluginError.is(error) || error.code !== 'ERR_OPTIONS') throw error;
    throw new CommandFailure(ExitCode.bad, visible(error.message));
  }
}

/** What was made is started as hosts do. */
async function tryOut(target: Target, flags: BuildFlags, context: CliContext): Promise<StartTimes> {
  await checkMade(target, flags, context);
  return measureStart(target, Object.fromEntries((flags.env ?? []).map((pair) => parsePair(pair, '--env'))));
}

function render({ files, remarks }: Made, times: StartTimes | undefined): string {
  const rows = files.map(({ path, bytes, what }) => [path, megabytes(bytes), what]);
  const lines = [...columns(rows)];
  if (times !== undefined) {
    const { startMs, nodeMs } = times;
    lines.push(`starts in ${startMs.toFixed(0)} ms, node -e 0 takes ${nodeMs.toFixed(0)} ms (medians of 5)`);
    lines.push('checked: starts, answers, and stops');
  }
  return [...lines, ...remarks].join('\n');
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
