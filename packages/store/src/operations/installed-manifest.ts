import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_FILE, type PluginManifest, parsePackageManifest, parsePluginManifest } from 'rxplug/manifest';
import { StoreError } from '../errors.js';

const MAX_BYTES = 1 << 18;

/** What an unpacked plugin has to be. */
export interface ExpectedPlugin {
  readonly name: string;
  readonly version: string;
  /** For a program without an archive, which has no manifest. */
  readonly program?: string | undefined;
}

/**
 * The manifest in a plugin's folder: `rxplug.plugin.json`, or `rxplug` in its package.json; undefined for a program without an archive.
 * Rejects with StoreError ERR_ARCHIVE when there is none, or when it is of another plugin or another version.
 */
export async function installedManifest(folder: string, expected: ExpectedPlugin): Promise<PluginManifest | undefined> {
  if (expected.program !== undefined) return undefined;
  const { name, version } = expected;
  const manifest = await manifestIn(folder, `${name} ${version}`);
  if (manifest.name === name && manifest.version === version) return manifest;
  throw new StoreError(
    'ERR_ARCHIVE',
    `The archive of ${name} ${version} has ${manifest.name} ${manifest.version}, by its manifest. Ask who publishes it.`,
  );
}

async function manifestIn(folder: string, what: string): Promise<PluginManifest> {
  try {
    const own = await textOf(join(folder, MANIFEST_FILE));
    if (own !== undefined) return parsePluginManifest(own);
    const packageText = await textOf(join(folder, 'package.json'));
    const manifest = packageText === undefined ? undefined : parsePackageManifest(JSON.parse(packageText));
    if (manifest !== undefined) return manifest;
  } catch (cause) {
    throw new StoreError('ERR_ARCHIVE', `The manifest of ${what} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  throw new StoreError(
    'ERR_ARCHIVE',
    `The archive of ${what} has no ${MANIFEST_FILE}, and no \`rxplug\` in a package.json. Pack it with \`rxplug plugin pack\`.`,
  );
}

async function textOf(path: string): Promise<string | undefined> {
  const size = await stat(path).then(
    (stats) => stats.size,
    () => undefined,
  );
  if (size === undefined) return undefined;
  if (size > MAX_BYTES) throw new Error(`${path} has ${size} bytes, and at most ${MAX_BYTES} are read.`);
  return await readFile(path, 'utf8');
}
