import { resolve } from 'node:path';
import type { Observable } from 'rxjs';
import { type AddOptions, add, type LockedEntry } from './operations/add.js';
import { changes, type PluginChange } from './operations/changes.js';
import { type InstalledPlugin, type InstallOptions, install } from './operations/install.js';
import { type ListedPlugin, list, type VerifiedPlugin, verify } from './operations/list.js';
import { type MirroredPlugin, type MirrorOptions, mirror } from './operations/mirror.js';
import { checkNames, resolveStore, type StoreOptions } from './operations/options.js';
import { type PruneOptions, prune } from './operations/prune.js';
import { remove } from './operations/remove.js';
import { type UpdatedPlugin, type UpdateOptions, update } from './operations/update.js';
import { type UsablePlugin, usePlugin } from './operations/use.js';
import type { RemovedEntry } from './store/unused.js';
import { sweepWorkspaces } from './store/workspace.js';

/**
 * The plugins of an application: which ones, in which versions, by the lock file, and their files, in the store. Every method reads the
 * lock file anew, and rejects with StoreError, or with OptionsError for options that are wrong.
 */
export interface Store {
  /**
   * Adds the newest version in a range to the lock file, with the digests of all its platforms, and installs it for this one. The first
   * signer is shown to `confirmSigner`, and is the only one afterwards.
   */
  add(address: string, options?: AddOptions): Promise<LockedEntry>;
  /** Installs exactly what the lock file says; what is in the store already is verified there, without a request. */
  install(options?: InstallOptions): Promise<readonly InstalledPlugin[]>;
  /** Moves plugins to the newest versions in their ranges, and installs them. */
  update(options?: UpdateOptions): Promise<readonly UpdatedPlugin[]>;
  /** Takes plugins out of the lock file, by the names that the application gives them: all or none. Their files stay in the store. */
  remove(keys: readonly string[]): Promise<readonly LockedEntry[]>;
  /**
   * Removes from the store what this lock file does not name, and no application of this user has installed or started for a month. What
   * has run for longer without a new start has to be stopped before.
   */
  prune(options?: PruneOptions): Promise<readonly RemovedEntry[]>;
  /** What the lock file has, and what of it is installed. */
  list(): Promise<readonly ListedPlugin[]>;
  /** Verifies what is installed, as `use` does. Makes no request. */
  verify(options?: { readonly only?: readonly string[] }): Promise<readonly VerifiedPlugin[]>;
  /** Copies the locked files of all platforms into a directory, for the option `mirror` of stores without a network. */
  mirror(directory: string, options?: MirrorOptions): Promise<readonly MirroredPlugin[]>;
  /**
   * Verifies an installed plugin, and resolves with what `createClient` takes of it. Makes no request.
   *
   * @example
   * ```ts
   * const client = createClient({ ...(await store.use('kv')), handshake, plugins });
   * ```
   */
  use(key: string): Promise<UsablePlugin>;
  /** Emits when `use` gives something else than before: for `reloadOn` of a supervised plugin. Cold: watches while it is subscribed to. */
  changes(key: string): Observable<PluginChange>;
}

const LOCK_NAMES = ['signal', 'onProgress', 'platforms'];

/**
 * Makes a store. Nothing is read or written before a method is called, and nothing has to be closed.
 *
 * @example
 * ```ts
 * const store = createStore({ host: { name: 'acme', version: '3.4.0' } });
 * await store.install();
 * ```
 */
export function createStore(options: StoreOptions = {}): Store {
  const context = resolveStore(options);
  const swept = async <T>(work: () => Promise<T>): Promise<T> => {
    const result = await work();
    await sweepWorkspaces(context.root);
    return result;
  };
  return {
    add: async (address, given = {}) => {
      checkNames('add', given, [...LOCK_NAMES, 'as', 'range', 'name', 'confirmSigner']);
      return await swept(() => add(context, address, given));
    },
    install: async (given = {}) => {
      checkNames('install', given, [...LOCK_NAMES, 'only']);
      return await swept(() => install(context, given));
    },
    update: async (given = {}) => {
      checkNames('update', given, [...LOCK_NAMES, 'only']);
      return await swept(() => update(context, given));
    },
    remove: (keys) => remove(context, keys),
    prune: async (given = {}) => {
      checkNames('prune', given, ['unusedMs']);
      return await swept(() => prune(context, given));
    },
    list: () => list(context),
    verify: async (given = {}) => {
      checkNames('verify', given, ['only']);
      return await verify(context, given);
    },
    mirror: async (directory, given = {}) => {
      checkNames('mirror', given, [...LOCK_NAMES, 'only']);
      return await mirror(context, resolve(directory), given);
    },
    use: (key) => usePlugin(context, key),
    changes: (key) => changes(context, key),
  };
}
