import { stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { type BundleOptions, bundle, bundleExecutable } from 'rxplug/bundle';
import type { PluginManifest } from 'rxplug/manifest';
import type { BuildFlags } from './flags.js';
import { writePackages } from './npm-packages.js';
import { type Platform, parsePlatforms, remarksOn, systemsOf } from './platforms.js';
import { WINDOWS_REMARK, WINDOWS_WRAPPER } from './windows-wrapper.js';

/** A file that was made. */
export interface MadeFile {
  readonly path: string;
  readonly bytes: number;
  readonly what: string;
}

/** What was made. */
export interface Made {
  readonly files: readonly MadeFile[];
  /** The file that a host runs; undefined where none is for this machine. */
  readonly file: string | undefined;
  /** What has to be known of it. */
  readonly remarks: readonly string[];
  /** The folder that has it all, and how it is run there on each platform, for its manifest. */
  readonly folder: string;
  readonly run: NonNullable<PluginManifest['run']>;
}

/** The source, the name of what is made of it, and how it is recorded. */
export interface Making {
  readonly entry: string;
  readonly name: string;
  readonly flags: BuildFlags;
  readonly record: BundleOptions['record'];
}

/** Makes what the flags say. Rejects with OptionsError and UsageError. */
export async function make(making: Making): Promise<Made> {
  const { flags, entry } = making;
  if (flags.as === 'script') return makeScriptFor(systemsOf(flags.platform ?? []), making);
  const platforms = await parsePlatforms(flags.platform ?? [], entry);
  return flags.as === 'sea' ? makeExecutables(making, platforms, fileOf(making)) : makePackages(making, platforms);
}

/** With a name, `--out` is the folder. */
function fileOf({ name, flags }: Making): string {
  return flags.name === undefined ? flags.out : join(flags.out, name);
}

function programOf({ entry, flags }: Making) {
  return { entry, external: flags.external ?? [], allowDynamic: flags.allowDynamic ?? [] };
}

/** The script, and for Windows the file that starts it there. */
async function makeScriptFor(systems: readonly NodeJS.Platform[], making: Making): Promise<Made> {
  const script = await makeScript(making, fileOf(making));
  if (!systems.includes('win32')) return script;
  const wrapper = `${fileOf(making)}.cmd`;
  await writeFile(wrapper, WINDOWS_WRAPPER);
  const files = [...script.files, await measured(wrapper, 'starts it on Windows, with Node in the PATH')];
  return { ...script, files, remarks: [WINDOWS_REMARK] };
}

async function makeScript(making: Making, outfile: string): Promise<Made> {
  const recorded = making.record === undefined ? {} : { record: making.record };
  const { file } = await bundle({ ...programOf(making), ...recorded, outfile, executable: true });
  const compiled = making.record && `, compiled for Node ${process.versions.node} on this platform`;
  const files = [await measured(file, `script, for Node in the PATH${compiled ?? ''}`)];
  return { files, file, remarks: [], folder: dirname(outfile), run: { any: ['node', basename(outfile)] } };
}

/** Of several platforms each file's name ends with its own. */
async function makeExecutables(making: Making, platforms: readonly Platform[], outfile: string): Promise<Made> {
  const files: MadeFile[] = [];
  const run: Record<string, readonly [string]> = {};
  for (const platform of platforms) {
    const key = `${platform.os}-${platform.cpu}`;
    const path = withSuffix(platforms.length === 1 ? outfile : `${outfile}-${key}`, platform);
    files.push(await makeExecutable(making, platform, path));
    run[key] = [`./${basename(path)}`];
  }
  const own = platforms.findIndex(({ node }) => node === undefined);
  return { files, file: files[own]?.path, remarks: platforms.flatMap(remarksOn), folder: dirname(outfile), run };
}

/** Windows runs files of this name. */
function withSuffix(path: string, { os }: Platform): string {
  return os === 'win32' && !path.endsWith('.exe') ? `${path}.exe` : path;
}

async function makeExecutable(making: Making, { os, cpu, node }: Platform, outfile: string): Promise<MadeFile> {
  const { record } = making;
  const own = node === undefined ? (record === undefined ? {} : { record }) : { node };
  const { file } = await bundleExecutable({ ...programOf(making), ...own, outfile });
  return measured(file, `single executable with Node ${process.versions.node}, for ${os}-${cpu}`);
}

async function makePackages(making: Making, platforms: readonly Platform[]): Promise<Made> {
  const { entry, name, flags } = making;
  const packages = await writePackages({ entry, name, out: flags.out, platforms });
  const script = await makeScript(making, packages.script);
  const files = [...script.files];
  for (const platform of platforms)
    files.push(await makeExecutable(making, platform, withSuffix(packages.executableOf(platform), platform)));
  return { ...script, files, remarks: platforms.flatMap(remarksOn) };
}

/** A file with its size. */
export async function measured(file: string, what: string): Promise<MadeFile> {
  const path = relative('', file);
  return { path: path.startsWith('..') ? file : path, bytes: (await stat(file)).size, what };
}
