import { isDigest } from '../digest.js';
import { StoreError } from '../errors.js';
import { quote } from '../quote.js';
import { isRange, isVersion } from '../versions/ranges.js';
import type { LockedPlatform, LockedPlugin, LockFile } from './lock-file.js';

/** Most bytes of a lock file: about 4000 plugins with 4 platforms. */
export const MAX_LOCK_BYTES = 4 << 20;

type Check = readonly [expected: string, is: (value: unknown) => boolean];

const KEY = /^[A-Za-z0-9@][\w.@/-]{0,213}$/;
/** As in a manifest: no part of it leads upwards, for it becomes a folder of a mirror. */
const NAME = /^(?=.{1,214}$)@?[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*){0,3}$/;
const PLATFORM = /^(any|[a-z0-9]+-[a-z0-9]+(-musl)?)$/;
const H1 = /^h1:[A-Za-z0-9+/]{43}=$/;
const SIGNER = /^[\x21-\x7e]{1,512}$/;
const PROGRAM = /^[\w][\w.+-]{0,127}$/;

const matches =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && pattern.test(value);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const PLUGIN_FIELDS: Readonly<Record<keyof LockedPlugin, Check>> = {
  name: ["a plugin's name, such as `acme/kv`", matches(NAME)],
  source: ['an address', matches(/^[a-z][a-z0-9+.-]*:[\x21-\x7e]{1,2048}$/)],
  range: ['a range of versions', isRange],
  version: ['a semantic version', isVersion],
  signer: ['a signer, such as `minisign:RWQ…`', matches(SIGNER)],
  platforms: ['an object', isObject],
};

const PLATFORM_FIELDS: Readonly<Record<keyof LockedPlatform, Check>> = {
  archive: ['`sha256:` and 64 hexadecimal digits', isDigest],
  size: ['a number of bytes', (value) => Number.isSafeInteger(value) && Number(value) >= 0],
  files: ['`h1:` and a digest in Base64', matches(H1)],
  program: ["a program's name without a path", matches(PROGRAM)],
};

/** Whether a text can be what an application calls a plugin. */
export function isLockKey(key: unknown): key is string {
  return typeof key === 'string' && KEY.test(key);
}

/** Whether a text can be a plugin's name, as its manifest has it. */
export function isPluginName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name);
}

/** Reads the text of a lock file strictly. Throws StoreError ERR_LOCK that names the place. `file` is for the message. */
export function parseLock(text: string, file: string): LockFile {
  const value = parsed(text, file);
  if (!isObject(value)) throw malformed(file, '', 'an object', value);
  checkVersion(value['lockVersion'], file);
  const plugins = value['plugins'];
  if (!isObject(plugins)) throw malformed(file, 'plugins', 'an object', plugins);
  checkNames(value, ['lockVersion', 'plugins'], file, '');
  return { lockVersion: 1, plugins: copied(plugins, (key, plugin) => parsePlugin(key, plugin, file)) };
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const advice = text.includes('<<<<<<<') ? ' It has the marks of a merge: resolve them, then install.' : '';
    throw new StoreError('ERR_LOCK', `${file} is no JSON: ${(cause as Error).message}.${advice}`, { cause });
  }
}

function checkVersion(version: unknown, file: string): void {
  if (version === 1) return;
  const newer = typeof version === 'number' && Number.isInteger(version) && version > 1;
  if (!newer) throw malformed(file, 'lockVersion', '1', version);
  throw new StoreError(
    'ERR_LOCK',
    `${file} has lockVersion ${version}, and this version of rxplug-store reads 1. Update rxplug-store.`,
  );
}

function parsePlugin(key: string, plugin: unknown, file: string): LockedPlugin {
  const at = `plugins.${key}`;
  if (!KEY.test(key)) throw malformed(file, 'plugins', 'named with letters, digits and `._@/-`', key);
  const checked = checkFields(plugin, PLUGIN_FIELDS, ['signer'], file, at) as unknown as LockedPlugin;
  const platforms = copied(checked.platforms, (platform, one) => {
    if (!PLATFORM.test(platform)) throw malformed(file, `${at}.platforms`, 'named as `linux-x64` or `any`', platform);
    const where = `${at}.platforms.${platform}`;
    return checkFields(one, PLATFORM_FIELDS, ['files', 'program'], file, where) as unknown as LockedPlatform;
  });
  return { ...checked, platforms };
}

function checkFields(
  value: unknown,
  fields: Readonly<Record<string, Check>>,
  optional: readonly string[],
  file: string,
  at: string,
): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw malformed(file, at, 'an object', value);
  checkNames(value, Object.keys(fields), file, at);
  for (const [name, [expected, is]] of Object.entries(fields)) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (given === undefined && optional.includes(name)) continue;
    if (!is(given)) throw malformed(file, `${at}.${name}`, expected, given);
  }
  return { ...value };
}

/** What an older program does not know may be what a newer one relies on, so it is not skipped. */
function checkNames(value: Readonly<Record<string, unknown>>, known: readonly string[], file: string, at: string) {
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const where = at === '' ? 'It' : `\`${at}\``;
  throw new StoreError('ERR_LOCK', `${file} is malformed: ${where} has ${quote(unknown)}, which is not known.`);
}

/** A copy without a prototype, so that no name is one of Object's. */
function copied<T>(table: Readonly<Record<string, unknown>>, read: (key: string, value: unknown) => T) {
  const copy = Object.create(null) as Record<string, T>;
  for (const [key, value] of Object.entries(table)) copy[key] = read(key, value);
  return copy as Readonly<Record<string, T>>;
}

function malformed(file: string, at: string, expected: string, value: unknown): StoreError {
  const where = at === '' ? 'it' : `\`${at}\``;
  return new StoreError(
    'ERR_LOCK',
    `${file} is malformed: expected ${where} to be ${expected}, got ${quote(value)}. Restore the file from version control, or add the plugin again.`,
  );
}
