import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../process/exit-code.js';
import { parseVersions } from './options.js';
import type { Profile, Program } from './profiles.js';

/** A profile of a file may say which programs it is for. One that does not is for every program. */
export interface GivenProfile extends Profile {
  readonly isForEvery: boolean;
}

const KEYS: ReadonlySet<string> = new Set([
  'name',
  'cookieKey',
  'cookieValue',
  'versions',
  'protocol',
  'dispense',
  'files',
  'modules',
]);
const SHAPE =
  '{ "name": "kv", "cookieKey": "KV_PLUGIN", "cookieValue": "hello", "versions": "1-3", "files": ["kv-*"], "modules": ["example.com/kv"] }';

/** The profiles of `--profile-file`. Throws UsageError. */
export async function readProfileFile(path: string): Promise<readonly GivenProfile[]> {
  const content = await readJson(path).catch((error: unknown) => {
    throw new UsageError(`Cannot read profiles from ${path}: ${(error as Error).message}.`);
  });
  return profilesOf(content, path);
}

/** The profiles of `rxplug.profile` in the package.json that is nearest to a directory; none without one. Throws UsageError. */
export async function readProjectProfiles(directory: string): Promise<readonly GivenProfile[]> {
  for (let at = resolve(directory); ; at = dirname(at)) {
    const path = join(at, 'package.json');
    const content = await readJson(path).catch(() => undefined);
    if (content !== undefined) {
      const { rxplug } = content as { readonly rxplug?: { readonly profile?: unknown } };
      return rxplug?.profile === undefined ? [] : profilesOf(rxplug.profile, `rxplug.profile of ${path}`);
    }
    if (dirname(at) === at) return [];
  }
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}

function profilesOf(content: unknown, source: string): readonly GivenProfile[] {
  return (Array.isArray(content) ? content : [content]).map((entry) => profileOf(entry, source));
}

function profileOf(entry: unknown, source: string): GivenProfile {
  const fail = (what: string): never => {
    throw new UsageError(
      `Expected ${what} in ${source}. A profile is ${SHAPE}; versions, protocol, dispense, files and modules may be left out.`,
    );
  };
  if (typeof entry !== 'object' || entry === null) return fail('a profile or a list of them');
  const given = entry as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(given).find((key) => !KEYS.has(key));
  if (unknown !== undefined) return fail(`no key ${JSON.stringify(unknown)}`);
  const word = (key: string): string => {
    const value = given[key];
    return typeof value === 'string' && value !== '' ? value : fail(`"${key}" to be a word`);
  };
  const words = (key: string): readonly string[] => {
    const value = given[key] ?? [];
    const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
    return isList ? value : fail(`"${key}" to be a list of words`);
  };
  const { versions = '0-255', protocol = 'grpc' } = given;
  if (protocol !== 'grpc' && protocol !== 'netrpc') return fail('"protocol" to be "grpc" or "netrpc"');
  const files = words('files').map(globOf);
  const modules = words('modules');
  return {
    name: word('name'),
    cookieKey: word('cookieKey'),
    cookieValue: word('cookieValue'),
    versions: parseVersions(Array.isArray(versions) ? versions.join(',') : String(versions)),
    protocol,
    ...(given['dispense'] === undefined ? {} : { dispense: word('dispense') }),
    isForEvery: files.length === 0 && modules.length === 0,
    detect: (program) => fits(program, files, modules),
  };
}

function fits({ path, build }: Program, files: readonly RegExp[], modules: readonly string[]): boolean {
  if (files.length === 0 && modules.length === 0) return true;
  const name = path.replace(/^.*[/\\]/, '');
  return (
    files.some((file) => file.test(name)) ||
    modules.some((module) => build?.module === module || build?.dependencies.has(module) === true)
  );
}

/** `*` stands for any characters, `?` for one. */
function globOf(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's');
}
