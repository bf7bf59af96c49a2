import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OptionsError } from 'rxplug';
import { MANIFEST_FILE, type PluginManifest, parsePackageManifest, parsePluginManifest } from 'rxplug/manifest';
import { StoreError } from '../../errors.js';
import { quote } from '../../quote.js';
import { currentPlatform } from '../../versions/platform.js';
import { requireKnown } from '../http/options.js';
import { type FoundPackage, findPackage, namesIn, packageAround } from './find-package.js';
import { asStoreError, type Command, packageCommand } from './package-command.js';

/** Where plugins are looked for. */
export interface InstalledPluginsOptions {
  /** A file of the host, `import.meta.url`, or a path: the dependencies of its package are looked at. */
  readonly from: string;
  /** The keyword of the packages that are plugins of this host. @default 'rxplug-plugin' */
  readonly keyword?: string;
}

/** A plugin that npm has installed. */
export interface NpmPlugin {
  /** The package's name. */
  readonly package: string;
  readonly folder: string;
  /** What `createClient` takes. */
  readonly options: {
    readonly command: Command;
    /** The plugin's folder. */
    readonly cwd: string;
    readonly manifest: PluginManifest;
  };
}

/** A dependency that should be a plugin and cannot be used. */
export interface UnusablePackage {
  readonly package: string;
  readonly error: Error;
}

/** The plugins among the dependencies of a package. */
export interface NpmPlugins {
  readonly plugins: readonly NpmPlugin[];
  /** To be told, and no reason to do without the others. */
  readonly unusable: readonly UnusablePackage[];
}

/**
 * Finds the plugins among `dependencies` and `optionalDependencies` of the caller's package: those with the keyword, by `rxplug` in their
 * package.json or `rxplug.plugin.json` beside it. Nothing of them is loaded or run. Packages that npm, pnpm or Yarn has laid out in
 * `node_modules` are found, links too. Rejects with OptionsError, and with StoreError where `from` is in no package.
 *
 * @example
 * ```ts
 * const { plugins, unusable } = await installedPlugins({ from: import.meta.url, keyword: 'acme-plugin' });
 * for (const { package: name, error } of unusable) console.error(`${name}: ${error.message}`);
 * const clients = plugins.map(({ options }) => createClient({ ...options, handshake, plugins: { kv } }));
 * ```
 */
export async function installedPlugins(options: InstalledPluginsOptions): Promise<NpmPlugins> {
  requireKnown('installedPlugins', options, ['from', 'keyword']);
  const { from, keyword = 'rxplug-plugin' } = options;
  if (typeof from !== 'string' || from === '')
    throw new OptionsError(`Expected \`from\` to be import.meta.url or a path, got ${quote(from)}.`);
  const caller = await packageAround(dirname(from.startsWith('file:') ? fileURLToPath(from) : from));
  const optional = namesIn(caller.json, 'optionalDependencies');
  const names = new Set([...namesIn(caller.json, 'dependencies'), ...optional]);
  const plugins: NpmPlugin[] = [];
  const unusable: UnusablePackage[] = [];
  for (const name of [...names].sort()) {
    try {
      const found = await findPackage(name, caller.folder);
      if (found === undefined && !optional.includes(name)) throw notInstalled(name, caller.folder);
      if (found !== undefined && hasKeyword(found, keyword)) plugins.push(await pluginOf(name, found));
    } catch (error) {
      unusable.push({ package: name, error: asStoreError(error, name) });
    }
  }
  return { plugins, unusable };
}

function notInstalled(name: string, folder: string): StoreError {
  return new StoreError(
    'ERR_NOT_FOUND',
    `${name} is a dependency of ${folder}, and is not installed. Run \`npm install\`.`,
  );
}

function hasKeyword({ json }: FoundPackage, keyword: string): boolean {
  const { keywords } = json;
  return Array.isArray(keywords) && keywords.includes(keyword);
}

async function pluginOf(name: string, found: FoundPackage): Promise<NpmPlugin> {
  const manifest = await manifestOf(found);
  if (manifest === undefined)
    throw new StoreError(
      'ERR_SOURCE',
      `${name} has the keyword of a plugin, and no manifest. Expected \`rxplug\` in its package.json, or ${MANIFEST_FILE} beside it.`,
    );
  const command = await packageCommand(found, manifest, currentPlatform());
  return { package: name, folder: found.folder, options: { command, cwd: found.folder, manifest } };
}

async function manifestOf({ folder, json }: FoundPackage): Promise<PluginManifest | undefined> {
  const own = parsePackageManifest(json);
  if (own !== undefined) return own;
  try {
    return parsePluginManifest(await readFile(join(folder, MANIFEST_FILE), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
