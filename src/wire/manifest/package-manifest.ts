import { isPlainObject } from '../plain-object.js';
import type { PluginManifest } from './manifest.js';
import { parsePluginManifest } from './parse-manifest.js';

/** What a manifest takes from package.json where `rxplug` does not say it. */
const TAKEN = ['name', 'version', 'description', 'license', 'homepage'] as const;

/**
 * Reads the manifest of a package.json, already parsed: its `rxplug`, with name, version, description, license and homepage of the package where it does
 * not say them. Undefined for a package that is no plugin: one without `rxplug.manifestVersion`. `rxplug.profile`, which is for the
 * command line, is left out. Throws OptionsError as `parsePluginManifest` does.
 *
 * @example
 * ```ts
 * const manifest = parsePackageManifest(JSON.parse(await readFile('node_modules/@acme/kv/package.json', 'utf8')));
 * ```
 */
export function parsePackageManifest(packageJson: unknown): PluginManifest | undefined {
  if (!isPlainObject(packageJson) || !Object.hasOwn(packageJson, 'rxplug')) return undefined;
  const { rxplug } = packageJson;
  if (!isPlainObject(rxplug) || !Object.hasOwn(rxplug, 'manifestVersion')) return undefined;
  const taken = TAKEN.filter((key) => typeof packageJson[key] === 'string').map((key) => [key, packageJson[key]]);
  const { profile: _, ...own } = rxplug;
  return parsePluginManifest({ ...Object.fromEntries(taken), ...own });
}
