import { access } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { PluginError } from 'rxplug';
import { type Checked, checkMade } from '../build/check-made.js';
import { type BuildFlags, startFlags } from '../build/flags.js';
import { type Made, make, measured } from '../build/make.js';
import { writeManifest } from '../build/manifest.js';
import { measureStart, type StartTimes } from '../build/measure-start.js';
import { type Progress, progressOn } from '../build/progress.js';
import { recording } from '../build/recording.js';
import type { CliContext } from '../process/context.js';
import { CommandFailure, ExitCode, UsageError } from '../process/exit-code.js';
import { reporting } from '../process/failure.js';
import { environmentOf } from '../target/client-options.js';
import { resolveTarget, type Target } from '../target/resolve-target.js';
import { columns } from '../terminal/columns.js';
import { visible } from '../terminal/visible.js';

/** `rxplug build ENTRY -o FILE`. */
export const build = reporting(async function (this: CliContext, flags: BuildFlags, entry?: string): Promise<void> {
  const source = await sourceOf(entry);
  const name = flags.name ?? basename(flags.out);
  checkName(name);
  if (flags.as === 'npm') checkPackageName(name);
  // Profiles know programs by their names; there is no file yet.
  const target = await resolveTarget([basename(name)], startFlags(flags, 'auto'));
  const progress = progressOn(this.process.stderr, flags.verbose === undefined);
  let made: Made;
  let trial: Trial | undefined;
  try {
    progress.begins(`making ${flags.out}`);
    made = await refusals(make({ entry: source, name, flags, record: recording(target, flags, this) }));
    if (flags.manifest || flags.as === 'npm') {
      progress.begins('writing what it says of itself');
      made = await withManifest(made, { entry: source, name, target }, flags, this);
    }
    trial = await tryOut(made, target, flags, progress);
  } finally {
    progress.ends();
  }
  const { folder: _folder, run: _run, ...shown } = made;
  const text = flags.json ? JSON.stringify({ ...shown, ...trial }, undefined, 2) : visible(render(made, trial));
  this.process.stdout.write(`${text}\n`);
});

async function withManifest(
  made: Made,
  what: { readonly entry: string; readonly name: string; readonly target: Target },
  flags: BuildFlags,
  context: CliContext,
): Promise<Made> {
  const target = made.file === undefined ? what.target : { ...what.target, command: commandOf(made.file) };
  const file = await measured(await writeManifest(made, { ...what, target }, flags, context), 'manifest, for stores');
  return { ...made, files: [...made.files, file] };
}

async function sourceOf(entry: string | undefined): Promise<string> {
  if (entry === undefined) throw new UsageError('Expected the file of a program: rxplug build src/plugin.ts -o FILE.');
  await access(entry).catch((cause: Error) => {
    throw new UsageError(`Cannot read ${entry}: ${cause.message}`);
  });
  return resolve(entry);
}

/** What is made with a name lies in the folder of `--out`. */
function checkName(name: string): void {
  if (name === '') throw new UsageError('Expected --out and --name to name a file, got an empty text.');
  if (!name.split(/[\\/]/).includes('..')) return;
  throw new UsageError(
    `Expected a name for a file in the folder of --out, got ${JSON.stringify(name)}. Give another folder with --out.`,
  );
}

const PACKAGE_NAME = /^(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/;

function checkPackageName(name: string): void {
  if (PACKAGE_NAME.test(name)) return;
  throw new UsageError(
    `Expected the name of a package for npm, of lower case letters, digits and ._-, as @acme/kv, got ${JSON.stringify(name)}.`,
  );
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

/** What was made, tried: how long it takes to start, and whether it is what hosts expect. */
interface Trial extends StartTimes {
  readonly checked?: Checked;
}

async function tryOut(
  { file }: Made,
  program: Target,
  flags: BuildFlags,
  progress: Progress,
): Promise<Trial | undefined> {
  if (file === undefined) return undefined;
  const target = { ...program, command: commandOf(file) };
  progress.begins('measuring its start');
  const times = await measureStart(target, { env: environmentOf(target, flags), cwd: flags.cwd });
  if (!flags.check) return times;
  progress.begins('checking it, as `rxplug check plugin` does');
  return { ...times, checked: await checkMade(target, flags) };
}

/** Windows runs no script by its first line. */
function commandOf(file: string): Target['command'] {
  const path = resolve(file);
  return process.platform === 'win32' && !path.endsWith('.exe') ? [process.execPath, path] : [path];
}

function render({ files, file, remarks }: Made, trial: Trial | undefined): string {
  const lines = [...columns(files.map(({ path, bytes, what }) => [path, megabytes(bytes), what]))];
  if (trial !== undefined) {
    const { startMs, nodeMs, checked } = trial;
    lines.push(`starts in ${startMs.toFixed(0)} ms, node -e 0 takes ${nodeMs.toFixed(0)} ms (medians of 5)`);
    if (checked !== undefined) lines.push(`checked: ${describeCheck(checked, file!)}`);
  }
  return [...lines, ...remarks].join('\n');
}

function describeCheck({ passed, warned }: Checked, file: string): string {
  if (warned.length === 0) return `${passed} items passed`;
  return `${passed} items passed, not ${warned.join(', ')}: rxplug check plugin ${file}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
