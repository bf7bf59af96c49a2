import { OptionsError } from 'rxplug';
import { StoreError } from '../errors.js';
import { editLock, putPlugin } from '../lock/edit-lock.js';
import type { LockedPlugin } from '../lock/lock-file.js';
import { isLockKey, isPluginName } from '../lock/parse-lock.js';
import { readLock } from '../lock/read-lock.js';
import { quote } from '../quote.js';
import { checkRange, defaultRange, newestInRange } from '../versions/ranges.js';
import type { StoreContext } from './context.js';
import { type LockOptions, lockVersion } from './lock-version.js';
import { type CheckedRelease, readRelease } from './release.js';

/** How a plugin is added. */
export interface AddOptions extends LockOptions {
  /** What the application calls it. @default the last part of its name: `kv` of `acme/kv` */
  readonly as?: string;
  /** The versions that may be chosen, now and by `update`. @default `^` and the newest version */
  readonly range?: string;
  /** The plugin's name, for sources that have no manifest beside the files, such as images of containers. */
  readonly name?: string;
}

/** A plugin of the lock file. */
export interface LockedEntry extends LockedPlugin {
  /** What the application calls it. */
  readonly key: string;
}

/** Adds the newest version in a range to the lock file, and installs it. */
export async function add(context: StoreContext, address: string, options: AddOptions): Promise<LockedEntry> {
  const { as, range, name } = options;
  if (range !== undefined) checkRange(range);
  if (as !== undefined && !isLockKey(as))
    throw new OptionsError(`Expected \`as\` to be a name of letters, digits and \`._@/-\`, got ${quote(as)}.`);
  const source = context.sourceOf(address, options.platforms);
  const versions = await source.list(options);
  const version = newestInRange(versions, range ?? '*', address);
  const release = await readRelease(source, version, options);
  const found = nameOf(release, name);
  const key = as ?? found.slice(found.lastIndexOf('/') + 1);
  const { plugins } = await readLock(context.lockFile);
  const before = Object.hasOwn(plugins, key) ? plugins[key] : undefined;
  const wanted = { key, name: found, release, versions, range: range ?? defaultRange(version), before };
  const plugin = await lockVersion(context, wanted, options);
  await editLock(context.lockFile, (lock) => putPlugin(lock, { key, before, plugin, file: context.lockFile }));
  return { key, ...plugin };
}

function nameOf({ announced, source }: CheckedRelease, given: string | undefined): string {
  if (given !== undefined && !isPluginName(given))
    throw new OptionsError(
      `Expected \`name\` to be a plugin's name in lower case, such as \`acme/kv\`, got ${quote(given)}.`,
    );
  const found = given ?? announced?.name;
  if (found === undefined)
    throw new OptionsError(
      `${source.address} has no manifest beside its files, so that the plugin's name is not known. Give it: \`name\`.`,
    );
  if (announced === undefined || announced.name === found) return found;
  throw new StoreError(
    'ERR_SOURCE',
    `${source.address} has the plugin ${announced.name}, expected was ${found}. Correct the name or the address.`,
  );
}
