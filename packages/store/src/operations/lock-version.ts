import type { PluginManifest } from 'rxplug/manifest';
import { StoreError } from '../errors.js';
import type { LockedPlatform, LockedPlugin } from '../lock/lock-file.js';
import { hostMismatch, hostWarning, takesHost } from '../versions/host-version.js';
import { choosePlatform } from '../versions/platform.js';
import { allInRange } from '../versions/ranges.js';
import type { ConfirmSigner, ProgressOptions, StoreContext } from './context.js';
import { installPlatform, publishedAnew } from './install-platform.js';
import { installedManifest } from './installed-manifest.js';
import { type CheckedRelease, readRelease } from './release.js';
import { checkSignature } from './signature.js';

/** Most versions that are looked at for one that takes the application. */
const MAX_LOOKED_AT = 20;

/** What is to be locked. */
export interface WantedVersion {
  readonly key: string;
  /** The plugin's name. */
  readonly name: string;
  readonly release: CheckedRelease;
  readonly range: string;
  /** All versions that the source has. */
  readonly versions: readonly string[];
  /** What the lock file has under this key. */
  readonly before?: LockedPlugin | undefined;
}

/** How it is locked. */
export interface LockOptions extends ProgressOptions {
  /** The platforms that are installed, and whose files get a hash in the lock file. @default the one of this process */
  readonly platforms?: readonly string[];
  readonly confirmSigner?: ConfirmSigner;
}

/**
 * What the lock file is to say of a version: the digests of all its platforms, verified by its signature. The version is installed for
 * this platform. Rejects with StoreError; then nothing was written but what is in the store.
 */
export async function lockVersion(
  context: StoreContext,
  wanted: WantedVersion,
  options: LockOptions,
): Promise<LockedPlugin> {
  const { name, release, range } = wanted;
  const { source, version } = release;
  checkBefore(wanted);
  const what = `${name} ${version}`;
  if (release.announced !== undefined) await checkHost(context, what, release.announced, wanted, options);
  const chosen = options.platforms ?? [
    choosePlatform(release.platforms, context.platformKeys(), { what, advice: 'Ask who publishes it for one.' }),
  ];
  const known = wanted.before?.signer;
  const plugin = { name, version, source: source.address, ...(known === undefined ? {} : { signer: known }) };
  const files = Object.values(release.platforms);
  const signer = await checkSignature(context, plugin, {
    signed: release.signed,
    files,
    confirm: options.confirmSigner,
  });
  const locked: LockedPlugin = {
    name,
    source: source.address,
    range,
    version,
    ...(signer === undefined ? {} : { signer }),
    platforms: lockedPlatforms(release, wanted.before),
  };
  return await withFiles(context, wanted, locked, { ...options, platforms: chosen });
}

/** Installs for the chosen platforms, and adds the hashes of their files. */
async function withFiles(
  context: StoreContext,
  wanted: WantedVersion,
  locked: LockedPlugin,
  options: LockOptions & { readonly platforms: readonly string[] },
): Promise<LockedPlugin> {
  const { key, release } = wanted;
  const what = `${locked.name} ${locked.version}`;
  const platforms: Record<string, LockedPlatform> = { ...locked.platforms };
  for (const one of options.platforms) {
    const platform = choosePlatform(locked.platforms, [one], { what, advice: 'Name one of those.' });
    const file = locked.platforms[platform] as LockedPlatform;
    const entry = await installPlatform(context, { key, plugin: locked, platform }, { ...options, release });
    const manifest = await installedManifest(entry.folder, { ...locked, program: file.program });
    if (manifest !== undefined) await checkHost(context, what, manifest, wanted, options);
    platforms[platform] = { ...file, files: entry.files };
  }
  return { ...locked, platforms };
}

/** What was known of the same version stays known: hashes of files, and platforms that were not looked at this time. */
function lockedPlatforms(release: CheckedRelease, before: LockedPlugin | undefined): Record<string, LockedPlatform> {
  const known = before?.version === release.version ? before.platforms : {};
  const entries = Object.entries(release.platforms).map(([platform, { digest, size, program }]) => {
    const files = known[platform]?.files;
    const locked: LockedPlatform = {
      archive: digest,
      size,
      ...(files === undefined ? {} : { files }),
      ...(program === undefined ? {} : { program }),
    };
    return [platform, locked] as const;
  });
  return { ...known, ...Object.fromEntries(entries) };
}

/** Throws StoreError for another plugin than before, and for files that were published anew under the same version. */
function checkBefore({ key, name, release, before }: WantedVersion): void {
  const { source, version } = release;
  if (before === undefined) return;
  if (before.name !== name)
    throw new StoreError(
      'ERR_LOCK',
      `The lock file's \`${key}\` is ${before.name}, and ${source.address} has ${name}. Give it another name, or remove that one first: \`rxplug plugin remove ${key}\`.`,
    );
  if (before.version !== version) return;
  for (const [platform, { archive }] of Object.entries(before.platforms)) {
    const now = Object.hasOwn(release.platforms, platform) ? release.platforms[platform]?.digest : undefined;
    if (now !== undefined && now !== archive)
      throw publishedAnew({ key, what: `${name} ${version} for ${platform}`, source, now, archive });
  }
}

/** Warns of an application whose version is none. Rejects with StoreError ERR_HOST_VERSION that names the newest version that fits. */
async function checkHost(
  { host, warn }: StoreContext,
  what: string,
  manifest: PluginManifest,
  { release: { source, version, announced }, versions }: WantedVersion,
  { signal }: ProgressOptions,
): Promise<void> {
  const warning = hostWarning(what, manifest, host);
  // Of the manifest beside the archives it was told already.
  if (warning !== undefined && (announced === undefined || announced === manifest)) warn(warning);
  if (host === undefined || takesHost(manifest, host)) return;
  const others = allInRange(versions, '*').filter((other) => other !== version);
  for (const other of others.slice(0, MAX_LOOKED_AT)) {
    const release = await readRelease(source, other, signal === undefined ? {} : { signal }).catch(() => undefined);
    signal?.throwIfAborted();
    if (release?.announced !== undefined && takesHost(release.announced, host))
      throw hostMismatch(what, manifest, host, other);
  }
  throw hostMismatch(what, manifest, host, undefined);
}
