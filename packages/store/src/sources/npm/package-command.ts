import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { PluginManifest } from 'rxplug/manifest';
import { StoreError } from '../../errors.js';
import { choosePlatform, type PlatformFacts, platformKeys } from '../../versions/platform.js';
import { type FoundPackage, findPackage, namesIn } from './find-package.js';

/** A command line. */
export type Command = readonly [program: string, ...args: string[]];

/**
 * How an installed plugin is run: by the executable in the package for this platform, one of `optionalDependencies` of which npm has installed the
 * fitting one, or as its manifest says. Rejects with StoreError ERR_PLATFORM.
 */
export async function packageCommand(
  plugin: FoundPackage,
  manifest: PluginManifest,
  facts: PlatformFacts,
): Promise<Command> {
  const { folder } = plugin;
  const what = `\`run\` of ${manifest.name} ${manifest.version}, in ${folder},`;
  const advice = 'Ask who publishes it.';
  const { run } = manifest;
  const [program, ...args] = (run ?? {})[choosePlatform(run ?? {}, platformKeys(facts), { what, advice })] as Command;
  const executable = await platformExecutable(plugin, fileOf([program, ...args]), facts);
  if (executable !== undefined) return [executable];
  if (program.includes('/')) return [join(folder, program), ...args];
  return [program === 'node' ? process.execPath : program, ...args];
}

/** The file of the plugin in a command line: the program itself, or the script of an interpreter. */
function fileOf([program, ...args]: Command): string | undefined {
  return program.includes('/') ? program : args.find((word) => !word.startsWith('-'));
}

async function platformExecutable(
  plugin: FoundPackage,
  file: string | undefined,
  facts: PlatformFacts,
): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const name = basename(file).replace(/\.[cm]?js$/, '');
  const names = facts.platform === 'win32' ? [`${name}.exe`, name] : [name];
  for (const dependency of namesIn(plugin.json, 'optionalDependencies')) {
    const found = await findPackage(dependency, plugin.folder);
    if (found === undefined || !isFor(found, facts)) continue;
    for (const path of names.flatMap((one) => [join(found.folder, one), join(found.folder, 'bin', one)]))
      if ((await stat(path).catch(() => undefined))?.isFile() === true) return path;
  }
  return undefined;
}

/** Whether a package is for one platform, and this is it: what names no platform is a library. */
function isFor({ json }: FoundPackage, { platform, arch, musl }: PlatformFacts): boolean {
  const fits = (field: string, value: string) => {
    const list = json[field] as unknown;
    if (list === undefined) return true;
    if (!Array.isArray(list)) return false;
    return (
      list.includes(value) ||
      (list.length > 0 &&
        list.every((one) => typeof one === 'string' && one.startsWith('!')) &&
        !list.includes(`!${value}`))
    );
  };
  if (json['os'] === undefined || json['cpu'] === undefined) return false;
  return fits('os', platform) && fits('cpu', arch) && (platform !== 'linux' || fits('libc', musl ? 'musl' : 'glibc'));
}

/** For an error that is told and not thrown. */
export function asStoreError(error: unknown, what: string): Error {
  if (error instanceof StoreError) return error;
  return new StoreError('ERR_SOURCE', `${what} cannot be used: ${(error as Error).message}`, { cause: error });
}
