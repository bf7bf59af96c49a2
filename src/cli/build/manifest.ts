import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PluginError } from 'rxplug';
import { MANIFEST_FILE, type PluginManifest, parsePluginManifest } from 'rxplug/manifest';
import type { CliContext } from '../process/context.js';
import { CommandFailure, ExitCode } from '../process/exit-code.js';
import { findManifest } from '../target/manifest.js';
import type { Target } from '../target/resolve-target.js';
import { type BuildFlags, startFlags } from './flags.js';
import type { Made } from './make.js';
import { addManifest, packageAbove } from './npm-packages.js';
import { factsOf, type PluginFacts } from './plugin-facts.js';

/** What a manifest is made of. */
interface Parts {
  /** The manifest in the source's package or above it. */
  readonly source: PluginManifest | undefined;
  /** The package.json of the source. */
  readonly project: Readonly<Record<string, unknown>>;
  /** That of the package, or of the program where the source says none. */
  readonly name: string;
  readonly cookie: { readonly cookieKey: string; readonly cookieValue: string };
  /** Undefined for a plugin that this machine cannot run. */
  readonly facts: PluginFacts | undefined;
  readonly run: NonNullable<PluginManifest['run']>;
  /** Whether Node has to be there. */
  readonly runsOnNode: boolean;
}

/**
 * Writes the manifest of what was made: what the source's manifest says, completed by its package.json and by what a start shows. Returns
 * the file. Rejects with CommandFailure where it says another thing than the plugin does.
 */
export async function writeManifest(
  made: Made,
  { entry, name, target }: { readonly entry: string; readonly name: string; readonly target: Target },
  flags: BuildFlags,
  context: CliContext,
): Promise<string> {
  const folder = dirname(entry);
  const [found, project] = await Promise.all([findManifest(folder), packageAbove(folder)]);
  const facts = made.file === undefined ? undefined : await factsOf(target, startFlags(flags, 'off'), context);
  const { cookieKey, cookieValue } = target;
  const source = found?.manifest;
  const manifest = checked({
    source,
    project,
    name: flags.as === 'npm' ? name : (source?.name ?? name),
    cookie: { cookieKey, cookieValue },
    facts,
    run: made.run,
    runsOnNode: flags.as !== 'sea',
  });
  const file = join(made.folder, MANIFEST_FILE);
  await writeFile(file, `${JSON.stringify(manifest, undefined, 2)}\n`);
  if (flags.as === 'npm') await addManifest(made.folder, manifest);
  return file;
}

function checked(parts: Parts): PluginManifest {
  const { source, facts } = parts;
  const declared = source?.handshake?.protocolVersions ?? [];
  const missing = facts === undefined ? [] : declared.filter((version) => !facts.versions.includes(version));
  if (facts !== undefined && missing.length > 0)
    throw bad(`it says protocol version ${missing.join(', ')}, and the plugin speaks ${facts.versions.join(', ')}`);
  if (facts !== undefined && source?.protocols?.includes(facts.protocol) === false)
    throw bad(`it says ${source.protocols.join(', ')}, and the plugin serves ${facts.protocol}`);
  try {
    return parsePluginManifest(manifestOf(parts));
  } catch (error) {
    throw PluginError.is(error) ? bad(error.message) : error;
  }
}

function bad(why: string): CommandFailure {
  return new CommandFailure(ExitCode.bad, `The plugin was made, and its manifest cannot be: ${why}`);
}

/** What package.json has under the same name. */
const TAKEN = ['version', 'description', 'license', 'homepage'] as const;

function manifestOf({ source, project, name, cookie, facts, run, runsOnNode }: Parts): object {
  const taken = TAKEN.filter((key) => typeof project[key] === 'string').map((key) => [key, project[key]]);
  const versions = source?.handshake?.protocolVersions ?? facts?.versions;
  const protocols = source?.protocols ?? (facts === undefined ? undefined : [facts.protocol]);
  const { node } = { ...(project['engines'] as { readonly node?: string } | undefined) };
  const needs = { ...(runsOnNode && node !== undefined ? { node } : {}), ...source?.needs };
  const plugins = pluginsOf(source?.plugins, name, facts?.services ?? []);
  return {
    manifestVersion: 1,
    version: '0.0.0',
    ...Object.fromEntries(taken),
    ...source,
    name,
    handshake: { ...cookie, ...source?.handshake, ...(versions === undefined ? {} : { protocolVersions: versions }) },
    ...(protocols === undefined ? {} : { protocols }),
    ...(plugins === undefined ? {} : { plugins }),
    run: { ...source?.run, ...run },
    ...(Object.keys(needs).length === 0 ? {} : { needs }),
  };
}

/** Over gRPC nobody is told the names of plugins: where the source says none, its services are those of one with the program's name. */
function pluginsOf(
  said: PluginManifest['plugins'],
  name: string,
  services: readonly string[],
): PluginManifest['plugins'] {
  const [only, ...others] = said === undefined ? [name.slice(name.lastIndexOf('/') + 1)] : Object.keys(said);
  if (services.length === 0 || only === undefined || others.length > 0 || said?.[only]?.services !== undefined)
    return said;
  return { [only]: { services } };
}
