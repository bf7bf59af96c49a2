import { posix } from 'node:path';
import { OptionsError } from '../../errors.js';
import type { ManifestNeeds, PluginManifest } from '../../wire/manifest/manifest.js';
import { optionNames, requireOptions } from '../../wire/option-names.js';

/** What a host lets a plugin have, of what its manifest asks for. */
export interface SandboxGrants {
  /** Whether the plugin may use the network. @default false */
  readonly network?: boolean;
  /** The folders that `$NAME` stands for in a manifest, which the plugin may read, and write if it asks for that. @default none */
  readonly folders?: Readonly<Record<string, string>>;
  /** Files and folders that it may read, with all that is in them. @default none */
  readonly read?: readonly string[];
  /** Files and folders that it may read and write, with all that is in them. @default none */
  readonly write?: readonly string[];
  /** Values of environment variables; it gets those that it asks for. @default none */
  readonly env?: Readonly<Record<string, string>>;
  /** Most memory, in bytes. @default what the manifest asks for */
  readonly memoryBytes?: number;
}

/** What a plugin gets: options of `sandboxRunner`. */
export interface GrantedSandbox {
  readonly readOnly: readonly string[];
  readonly writable: readonly string[];
  readonly network: 'none' | 'host';
  readonly env: Readonly<Record<string, string>>;
  readonly memoryBytes?: number;
}

const NAMES = optionNames<SandboxGrants>()('network folders read write env memoryBytes');

/** `$DATA`, `$DATA/cache`. */
const IN_FOLDER = /^\$([A-Za-z_]\w*)(\/.*)?$/;

/**
 * What `sandboxRunner` takes for a plugin: the needs of its manifest, as far as they are granted. Throws OptionsError with all that is not
 * granted; nothing else of the manifest is looked at.
 *
 * @example
 * sandboxRunner({ command, ...sandboxOf(manifest, { folders: { DATA: '/var/lib/kv' }, memoryBytes: 512 << 20 }) });
 */
export function sandboxOf(
  manifest: Pick<PluginManifest, 'name' | 'needs'>,
  grants: SandboxGrants = {},
): GrantedSandbox {
  requireOptions('sandboxOf', grants, NAMES);
  const { needs = {}, name } = manifest;
  const refused: string[] = [];
  const { read = [], write = [] } = grants;
  const readOnly = pathsOf('read', needs.read, [...read, ...write], grants, refused);
  const writable = pathsOf('write', needs.write, write, grants, refused);
  const env = variablesOf(needs, grants, refused);
  if (needs.network === true && grants.network !== true) refused.push('the network');
  const memoryBytes = grants.memoryBytes ?? needs.memoryBytes;
  if (needs.memoryBytes !== undefined && memoryBytes !== undefined && needs.memoryBytes > memoryBytes)
    refused.push(`${needs.memoryBytes} bytes of memory, of which ${memoryBytes} are granted`);
  if (refused.length > 0)
    throw new OptionsError(
      `The plugin ${name} needs what it is not granted: ${refused.join('; ')}. It was not started. Grant it, or use another plugin.`,
    );
  return {
    readOnly,
    writable,
    network: needs.network === true ? 'host' : 'none',
    env,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}

function pathsOf(
  verb: 'read' | 'write',
  wanted: ManifestNeeds['read'] = [],
  granted: readonly string[],
  { folders = {} }: SandboxGrants,
  refused: string[],
): string[] {
  return wanted.flatMap((path) => {
    const [, name, rest = ''] = IN_FOLDER.exec(path) ?? [];
    const folder = name === undefined || !Object.hasOwn(folders, name) ? undefined : folders[name];
    const full = posix.normalize(folder === undefined ? path : folder + rest).replace(/(.)\/$/, '$1');
    const allowed = folder === undefined ? granted : [folder];
    if (posix.isAbsolute(full) && allowed.some((outer) => isWithin(outer, full))) return [full];
    refused.push(`to ${verb} ${path}`);
    return [];
  });
}

function isWithin(outer: string, path: string): boolean {
  const folder = posix.normalize(outer).replace(/\/$/, '');
  return path === folder || path.startsWith(`${folder}/`);
}

function variablesOf(needs: ManifestNeeds, { env = {} }: SandboxGrants, refused: string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of needs.env ?? []) {
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined) refused.push(`the environment variable ${name}`);
    else found[name] = value;
  }
  return found;
}
