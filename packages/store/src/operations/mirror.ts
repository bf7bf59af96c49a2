import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { LockedPlugin } from '../lock/lock-file.js';
import { lockedPlugin, readLock } from '../lock/read-lock.js';
import { describeOwner, isGone } from '../owner.js';
import type { PlatformFile } from '../sources/source.js';
import { writeRelease } from '../sources/static/write-release.js';
import { type DownloadOptions, download } from '../store/download.js';
import { storeFailure } from '../store/store-failure.js';
import type { ProgressOptions, StoreContext } from './context.js';
import { fileOf, lockedRelease } from './install-platform.js';
import type { CheckedRelease } from './release.js';
import { checkSignature } from './signature.js';

/** How the name of an unfinished file ends. */
const PART = '.part';

/** What is mirrored. */
export interface MirrorOptions extends ProgressOptions {
  /** The plugins, as the application calls them. @default all */
  readonly only?: readonly string[];
  /** The platforms. @default all that the lock file has */
  readonly platforms?: readonly string[];
}

/** A plugin whose files are in a mirror. */
export interface MirroredPlugin {
  /** What the application calls it. */
  readonly key: string;
  readonly name: string;
  readonly version: string;
  readonly platforms: readonly string[];
  /** Its folder in the mirror. */
  readonly folder: string;
}

/**
 * Copies the locked files, with their signatures, into a directory that the option `mirror` of another store names: `dir://DIRECTORY`, or
 * `https:` where a web server has it. All is verified as by an installation. Files that are there are not fetched again.
 */
export async function mirror(
  context: StoreContext,
  directory: string,
  options: MirrorOptions,
): Promise<readonly MirroredPlugin[]> {
  const lock = await readLock(context.lockFile);
  const mirrored: MirroredPlugin[] = [];
  for (const key of options.only ?? Object.keys(lock.plugins)) {
    const plugin = lockedPlugin(lock, key, context.lockFile);
    const folder = join(directory, ...plugin.name.split('/'));
    try {
      mirrored.push(await mirrorPlugin(context, { key, plugin, folder }, options));
    } catch (error) {
      throw storeFailure(`${plugin.name} ${plugin.version} cannot be put into the mirror ${directory}`, error);
    }
  }
  return mirrored;
}

async function mirrorPlugin(
  context: StoreContext,
  { key, plugin, folder }: { readonly key: string; readonly plugin: LockedPlugin; readonly folder: string },
  options: MirrorOptions,
): Promise<MirroredPlugin> {
  const { name, version } = plugin;
  const platforms = Object.keys(plugin.platforms).filter((one) => options.platforms?.includes(one) ?? true);
  const release = await lockedRelease(context, plugin, platforms, options);
  const files = platforms.map((platform) => ({ platform, ...fileOf(release, { key, plugin, platform }) }));
  await checkSignature(context, plugin, { signed: release.signed, files: files.map(({ file }) => file) });
  await mkdir(folder, { recursive: true });
  for (const { platform, file } of files) {
    const progress = { key, name, version, platform, totalBytes: file.size };
    const tell = (phase: 'download' | 'installed', bytes: number): void =>
      options.onProgress?.({ ...progress, phase, bytes });
    await copyFile(release, file, folder, { ...options, onBytes: (bytes) => tell('download', bytes) });
    tell('installed', file.size);
  }
  const signed = await writeSigned(release, name, folder);
  const own = Object.fromEntries(files.map(({ platform, file }) => [platform, file]));
  await writeRelease(folder, { version, manifest: release.announced, platforms: own, ...signed });
  return { key, name, version, platforms, folder };
}

/** Fetches beside the file, and renames: what is there under its name is whole, and stays there while it is the right one. */
async function copyFile(
  { source }: CheckedRelease,
  file: PlatformFile,
  folder: string,
  options: DownloadOptions,
): Promise<void> {
  const path = join(folder, file.fileName);
  if ((await digestOf(path)) === file.digest) return;
  await removeParts(folder);
  const part = join(folder, `.${describeOwner()}-${randomBytes(6).toString('hex')}${PART}`);
  try {
    await download(source, file, part, options);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Undefined for a file that is not there. */
async function digestOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return `sha256:${hash.digest('hex')}`;
}

/** What programs have left that were killed meanwhile. */
async function removeParts(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith('.') && name.endsWith(PART) && isGone(name.slice(1, name.lastIndexOf('-'))))
      await rm(join(folder, name), { force: true });
}

/** The signed list, byte by byte, and the key that belongs to it. */
async function writeSigned({ signed, version }: CheckedRelease, name: string, folder: string) {
  if (signed === undefined) return {};
  const sums = `${name.slice(name.lastIndexOf('/') + 1)}_${version}_SHA256SUMS`;
  const signature = `${sums}.minisig`;
  await writeFile(join(folder, sums), signed.sums);
  await writeFile(join(folder, signature), signed.signature);
  if (signed.publicKey === undefined) return { sums, signature };
  // One name for each version: the key may have been replaced between two.
  const publicKey = `${sums}.pub`;
  await writeFile(join(folder, publicKey), signed.publicKey);
  return { sums, signature, publicKey };
}
