import type { SecureConfig } from 'rxplug';
import type { PluginManifest } from 'rxplug/manifest';
import { StoreError } from '../errors.js';
import type { LockedPlatform, LockedPlugin } from '../lock/lock-file.js';
import { lockedPlugin, readLock } from '../lock/read-lock.js';
import { readEntry, verifyEntry } from '../store/entry.js';
import { readSigned } from '../store/signed-record.js';
import { noteUse } from '../store/unused.js';
import { hostMismatch, hostWarning, takesHost } from '../versions/host-version.js';
import { choosePlatform } from '../versions/platform.js';
import type { StoreContext } from './context.js';
import { missingPlatform } from './install.js';
import { installedManifest } from './installed-manifest.js';
import { commandOf, secureConfigOf } from './launch.js';
import { checkSignature, mustBeSigned } from './signature.js';

/** What `createClient` takes of an installed plugin, and nothing else. */
export interface UsablePlugin {
  readonly command: readonly [program: string, ...args: string[]];
  /** The plugin's folder. */
  readonly cwd: string;
  /** What is run is what was verified: the program's checksum, or the folder's. */
  readonly secureConfig: SecureConfig;
  /** Left out for a program without an archive, which has none. */
  readonly manifest?: PluginManifest;
}

/** Verifies an installed plugin, and says how it is started. Makes no request. Rejects with StoreError. */
export async function usePlugin(context: StoreContext, key: string): Promise<UsablePlugin> {
  const plugin = lockedPlugin(await readLock(context.lockFile), key, context.lockFile);
  const what = `${plugin.name} ${plugin.version}`;
  const platform = choosePlatform(plugin.platforms, context.platformKeys(), {
    what: `${context.lockFile}: ${key}, which is ${what},`,
    advice: missingPlatform(key),
  });
  const locked = plugin.platforms[platform] as LockedPlatform;
  const { folder, tree } = await verified(context, { key, plugin, what, locked });
  const manifest = await installedManifest(folder, { ...plugin, program: locked.program });
  if (manifest !== undefined) checkHost(context, what, manifest);
  const command = commandOf(manifest, { folder, what, keys: context.platformKeys(), program: locked.program });
  const secureConfig = secureConfigOf(folder, command, tree);
  context.used.set(key, locked.archive);
  return { command, cwd: folder, secureConfig, ...(manifest === undefined ? {} : { manifest }) };
}

interface VerifiedOf {
  readonly key: string;
  readonly plugin: LockedPlugin;
  readonly what: string;
  readonly locked: LockedPlatform;
}

/** The plugin's folder, and the verified files in it. */
async function verified(context: StoreContext, { key, plugin, what, locked: { archive, files } }: VerifiedOf) {
  const entry = await readEntry(context.root, archive);
  if (entry === undefined)
    throw new StoreError(
      'ERR_NOT_FOUND',
      `${key}, which is ${what}, is not installed in ${context.root}. Install it: \`rxplug plugin install ${key}\`.`,
    );
  await noteUse(context.root, archive);
  if (mustBeSigned(context, plugin)) {
    const signed = await readSigned(context.root, archive);
    if (signed === undefined) throw signatureNotKept(key, what);
    await checkSignature(context, plugin, { signed, files: [{ digest: archive }] });
  }
  return { folder: entry.folder, tree: await verifyEntry(entry, files, what) };
}

function signatureNotKept(key: string, what: string): StoreError {
  return new StoreError(
    'ERR_UNSIGNED',
    `${key}, which is ${what}, has to be signed, and its signature is not in the store. Fetch it: \`rxplug plugin install ${key}\`.`,
  );
}

function checkHost({ host, warn }: StoreContext, what: string, manifest: PluginManifest): void {
  const warning = hostWarning(what, manifest, host);
  if (warning !== undefined) warn(warning);
  if (host !== undefined && !takesHost(manifest, host)) throw hostMismatch(what, manifest, host, undefined);
}
