import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { PluginError } from 'rxplug';
import { MANIFEST_FILE, type PluginManifest, parsePackageManifest, parsePluginManifest } from 'rxplug/manifest';
import { UsageError } from '../process/exit-code.js';
import type { Profile } from './profiles.js';

/** What a plugin says of itself, and where. */
export interface FoundManifest {
  readonly path: string;
  readonly manifest: PluginManifest;
}

/**
 * The manifest that is nearest to a directory, in it or above: `rxplug.plugin.json`, or `rxplug` in the nearest package.json. Throws
 * UsageError for one that is wrong.
 */
export async function findManifest(directory: string): Promise<FoundManifest | undefined> {
  for (let at = resolve(directory); ; at = dirname(at)) {
    const path = join(at, MANIFEST_FILE);
    const own = await textOf(path);
    if (own !== undefined) return found(path, () => parsePluginManifest(own));
    const packagePath = join(at, 'package.json');
    const packageText = await textOf(packagePath);
    if (packageText !== undefined) return found(packagePath, () => parsePackageManifest(json(packageText)));
    if (dirname(at) === at) return undefined;
  }
}

/** The manifest beside a program, or above it, if it is of this program. Throws UsageError for one that is wrong. */
export async function manifestOfProgram(program: string): Promise<PluginManifest | undefined> {
  const nearest = await findManifest(dirname(program));
  if (nearest === undefined) return undefined;
  const { path, manifest } = nearest;
  const { name, run } = manifest;
  if (run === undefined) return basename(program, extname(program)) === basename(name) ? manifest : undefined;
  const words = Object.values(run).flatMap(([first, ...args]) => (first.includes('/') ? [first, ...args] : args));
  return words.some((word) => resolve(dirname(path), word) === resolve(program)) ? manifest : undefined;
}

function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

/** What is no JSON is no manifest. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function found(path: string, parse: () => PluginManifest | undefined): FoundManifest | undefined {
  try {
    const manifest = parse();
    return manifest === undefined ? undefined : { path, manifest };
  } catch (error) {
    if (PluginError.is(error)) throw new UsageError(`${path}: ${error.message}`);
    throw error;
  }
}

/**
 * How a host starts the plugin, by its manifest. The value of the cookie may be that of a known host with the same key; undefined where
 * nobody knows it.
 */
export function profileOfManifest(
  { name, handshake, protocols, plugins = {} }: PluginManifest,
  known: readonly Profile[],
): Profile | undefined {
  if (handshake === undefined) return undefined;
  const { cookieKey, protocolVersions } = handshake;
  const host = known.find((profile) => profile.cookieKey === cookieKey);
  const cookieValue = handshake.cookieValue ?? host?.cookieValue;
  if (cookieValue === undefined) return undefined;
  const [dispense, ...others] = Object.keys(plugins);
  return {
    ...host,
    name,
    cookieKey,
    cookieValue,
    versions: protocolVersions ?? host?.versions ?? ALL_VERSIONS,
    protocol: protocols?.[0] ?? host?.protocol ?? 'grpc',
    ...(dispense === undefined || others.length > 0 ? {} : { dispense }),
    detect: () => true,
  };
}

/** A plugin takes the highest version that it knows, so that offering all of these finds it in one start. */
export const ALL_VERSIONS: readonly number[] = Array.from({ length: 256 }, (_, version) => version);

/** How the plugin of a folder is run on this machine. Throws UsageError. */
export function commandOfManifest({ path, manifest: { run = {} } }: FoundManifest): readonly [string, ...string[]] {
  const key = `${process.platform}-${process.arch}`;
  const keys = [...(isMusl() ? [`${key}-musl`] : []), key, 'any'];
  const fitting = keys.find((one) => Object.hasOwn(run, one));
  if (fitting === undefined)
    throw new UsageError(`${path} has no \`run\` for ${key}. It has ${Object.keys(run).join(', ') || 'none'}.`);
  const [program, ...args] = run[fitting]!;
  return [program.includes('/') ? join(dirname(path), program) : program, ...args];
}

/** Node's report names the version of glibc that it runs with. With the network it would look up names of hosts. */
function isMusl(): boolean {
  if (process.platform !== 'linux') return false;
  const report: typeof process.report & { excludeNetwork?: boolean } = process.report;
  report.excludeNetwork = true;
  const { header } = report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined;
}
