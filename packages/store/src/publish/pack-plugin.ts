import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OptionsError } from 'rxplug';
import { MANIFEST_FILE, type PluginManifest, parsePluginManifest } from 'rxplug/manifest';
import { type PackedArchive, packArchive } from '../archive/pack-archive.js';

/** How a plugin is packed. */
export interface PackOptions {
  /** The platform that the folder is for: `linux-x64`, `any`. @default the only one in the manifest's `run` */
  readonly platform?: string;
  /** The folder that the archive is written into. @default the working directory */
  readonly out?: string;
}

/** A plugin's archive for one platform. */
export interface PackedPlugin extends PackedArchive {
  readonly name: string;
  readonly version: string;
  readonly platform: string;
  /** Path of the archive: `NAME_VERSION_PLATFORM.tgz`. */
  readonly file: string;
}

/**
 * Packs a folder with `rxplug.plugin.json` in it into the archive of one platform, as `writeIndex` takes it. Rejects with OptionsError when
 * the manifest is none, or names a program for the platform that is not there, and as `packArchive`.
 */
export async function packPlugin(folder: string, { platform, out = '.' }: PackOptions = {}): Promise<PackedPlugin> {
  const manifest = await manifestOf(folder);
  const { name, version, run = {} } = manifest;
  const chosen = platform ?? onlyPlatform(manifest);
  const command = run[chosen] ?? run['any'];
  if (command === undefined)
    throw new OptionsError(
      `\`run\` of ${MANIFEST_FILE} says nothing for ${chosen}. It has ${Object.keys(run).join(', ') || 'no platform'}.`,
    );
  if (command[0].includes('/')) await requireProgram(join(folder, command[0]), chosen);
  await mkdir(out, { recursive: true });
  const file = join(out, `${name.slice(name.lastIndexOf('/') + 1)}_${version}_${chosen}.tgz`);
  return { name, version, platform: chosen, file, ...(await packArchive(folder, file)) };
}

async function manifestOf(folder: string): Promise<PluginManifest> {
  const path = join(folder, MANIFEST_FILE);
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw cause;
    throw new OptionsError(`There is no ${path}: the manifest says what the plugin is, and how it is run.`, { cause });
  });
  return parsePluginManifest(text);
}

function onlyPlatform({ run = {} }: PluginManifest): string {
  const platforms = Object.keys(run);
  if (platforms.length === 1) return platforms[0]!;
  throw new OptionsError(
    platforms.length === 0
      ? `${MANIFEST_FILE} has no \`run\`, which says how the plugin is started.`
      : `${MANIFEST_FILE} has several platforms, ${platforms.join(', ')}: say which one the folder is for, \`platform\`.`,
  );
}

/** Windows has no bit for programs. */
async function requireProgram(path: string, platform: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile() !== true)
    throw new OptionsError(`\`run\` of ${MANIFEST_FILE} names ${path} for ${platform}, which is no file.`);
  if (process.platform !== 'win32' && (stats.mode & 0o100) === 0)
    throw new OptionsError(`${path} cannot be executed by its owner, and would not be when it is unpacked: chmod +x.`);
}
