import type { Digest } from '../digest.js';
import { StoreError } from '../errors.js';
import type { LockedPlatform, LockedPlugin } from '../lock/lock-file.js';
import type { PlatformFile, PluginSource, RequestOptions, SignedSums } from '../sources/source.js';
import { ensureEntry } from '../store/ensure-entry.js';
import { type Entry, readEntry } from '../store/entry.js';
import { keepSigned, readSigned } from '../store/signed-record.js';
import { noteUse } from '../store/unused.js';
import type { InstallProgress, ProgressOptions, StoreContext } from './context.js';
import { installedManifest } from './installed-manifest.js';
import { type CheckedRelease, readRelease } from './release.js';
import { checkSignature, mustBeSigned } from './signature.js';

/** A plugin for one of its platforms, as the lock file has it. */
export interface LockedInstall {
  readonly key: string;
  readonly plugin: LockedPlugin;
  readonly platform: string;
}

/** Asks for the release of a locked plugin, once, and only when it is needed. */
type Releases = () => Promise<CheckedRelease>;

/**
 * Puts exactly what the lock file says into the store; what is there and unchanged is taken from there, without a request. Everything is
 * verified before anything is unpacked. Rejects with StoreError.
 */
export async function installPlatform(
  context: StoreContext,
  install: LockedInstall,
  options: ProgressOptions & { readonly release?: CheckedRelease } = {},
): Promise<Entry> {
  const { plugin, platform } = install;
  const file = plugin.platforms[platform] as LockedPlatform;
  const { signal } = options;
  const releases = once(options.release, () =>
    lockedRelease(context, plugin, [platform], signal === undefined ? {} : { signal }),
  );
  const signed = await verifiedList(context, install, releases);
  const tell = progressOf(install, file.size, options);
  const entry = await ensureEntry(
    context.root,
    {
      what: `${plugin.name} ${plugin.version} for ${platform}`,
      ...file,
      fetch: async () => fileOf(await releases(), install),
      accept: async (folder) => void (await installedManifest(folder, { ...plugin, program: file.program })),
    },
    {
      ...(signal === undefined ? {} : { signal }),
      onPhase: (phase) => tell(phase),
      onBytes: (bytes) => tell('download', bytes),
    },
  );
  if (signed !== undefined) await keepSigned(context.root, file.archive, signed);
  await noteUse(context.root, file.archive);
  tell('installed', file.size);
  return entry;
}

/** Tells the progress of an install; the bytes are those that were told last, where they are left out. */
function progressOf(
  { plugin, platform, key }: LockedInstall,
  totalBytes: number,
  { onProgress }: ProgressOptions,
): (phase: InstallProgress['phase'], bytes?: number) => void {
  const { name, version } = plugin;
  let last = 0;
  return (phase, bytes = last) => {
    last = bytes;
    onProgress?.({ key, name, version, platform, phase, bytes, totalBytes });
  };
}

/**
 * Verifies that the archive is signed, if it has to be: by the list that is in the store, or by the source's. Resolves with the list if it
 * is not in the store yet.
 */
async function verifiedList(
  context: StoreContext,
  { plugin, platform }: LockedInstall,
  releases: Releases,
): Promise<SignedSums | undefined> {
  if (!mustBeSigned(context, plugin)) return undefined;
  const files = [{ digest: (plugin.platforms[platform] as LockedPlatform).archive }];
  const kept = await storedList(context, plugin, platform);
  const isSigned = (signed: SignedSums | undefined) => checkSignature(context, plugin, { signed, files });
  if (kept !== undefined && (await isSigned(kept).then(Boolean, () => false))) return undefined;
  const { signed } = await releases();
  await isSigned(signed);
  return signed;
}

async function storedList(context: StoreContext, plugin: LockedPlugin, platform: string) {
  const { archive } = plugin.platforms[platform] as LockedPlatform;
  return (await readEntry(context.root, archive)) === undefined ? undefined : await readSigned(context.root, archive);
}

/** From the mirror, if there is one: no other address is asked then. */
export async function lockedRelease(
  { mirror, sourceOf }: StoreContext,
  { source, name, version }: LockedPlugin,
  platforms: readonly string[],
  options: RequestOptions,
): Promise<CheckedRelease> {
  const address = mirror === undefined ? source : `${mirror}/${name}`;
  return await readRelease(sourceOf(address, platforms), version, options);
}

/** The file that the lock file means. Throws StoreError when the release has another one by now. */
export function fileOf(release: CheckedRelease, { key, plugin, platform }: LockedInstall) {
  const locked = plugin.platforms[platform] as LockedPlatform;
  const file: PlatformFile | undefined = Object.hasOwn(release.platforms, platform)
    ? release.platforms[platform]
    : undefined;
  const what = `${plugin.name} ${plugin.version} for ${platform}`;
  const { address } = release.source;
  if (file === undefined)
    throw new StoreError(
      'ERR_PLATFORM',
      `${address} does not have ${what} any more, which the lock file names. Ask who publishes it.`,
    );
  if (file.digest !== locked.archive)
    throw publishedAnew({ key, what, source: release.source, now: file.digest, archive: locked.archive });
  if (file.size !== locked.size)
    throw new StoreError(
      'ERR_SIZE',
      `${address} announces ${file.size} bytes for ${what}, and the lock file says ${locked.size}. Ask who publishes it.`,
    );
  return { source: release.source, file };
}

/** The error for a version that has other files than when it was locked. */
export function publishedAnew(of: {
  readonly key: string;
  readonly what: string;
  readonly source: PluginSource;
  readonly now: Digest;
  readonly archive: Digest;
}): StoreError {
  return new StoreError(
    'ERR_DIGEST',
    `${of.source.address} has ${of.what} with the digest ${of.now}, and the lock file says ${of.archive}: the version was published anew. ` +
      `Ask who publishes it; then remove it, \`rxplug plugin remove ${of.key}\`, and add it again.`,
  );
}

function once(known: CheckedRelease | undefined, ask: Releases): Releases {
  let asked: Promise<CheckedRelease> | undefined = known === undefined ? undefined : Promise.resolve(known);
  return () => {
    asked ??= ask();
    return asked;
  };
}
