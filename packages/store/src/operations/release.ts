import type { PluginManifest } from 'rxplug/manifest';
import { parsePluginManifest } from 'rxplug/manifest';
import { isDigest } from '../digest.js';
import { StoreError } from '../errors.js';
import { quote } from '../quote.js';
import type { PlatformFile, PluginSource, Release, RequestOptions } from '../sources/source.js';
import { isVersion } from '../versions/ranges.js';

/** Most bytes of an archive. */
const MAX_ARCHIVE_BYTES = 2 ** 31;

/** No path: a mirror writes a file of this name. */
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}$/;

const PLATFORM = /^(any|[a-z0-9]+-[a-z0-9]+(-musl)?)$/;

/** A release whose form was checked: nothing of it is believed yet. */
export interface CheckedRelease extends Release {
  readonly source: PluginSource;
  /** What the source has beside the archives. The one in the archive is what counts. */
  readonly announced: PluginManifest | undefined;
}

/** Asks a source for a version. Rejects with StoreError: as the source does, or ERR_SOURCE for an answer that is malformed. */
export async function readRelease(
  source: PluginSource,
  version: string,
  options: RequestOptions,
): Promise<CheckedRelease> {
  const release = await source.release(version, options);
  if (release.version !== version || !isVersion(version))
    throw malformed(source, `it was asked for the version ${quote(version)} and gives ${quote(release.version)}`);
  for (const [platform, file] of Object.entries(release.platforms)) checkFile(source, platform, file);
  return { ...release, source, announced: announcedManifest(source, release) };
}

function checkFile(source: PluginSource, platform: string, { digest, size, fileName }: PlatformFile): void {
  if (!PLATFORM.test(platform)) throw malformed(source, `${quote(platform)} is no platform, such as linux-x64`);
  if (!isDigest(digest)) throw malformed(source, `the digest for ${platform} is ${quote(digest)}`);
  if (typeof fileName !== 'string' || !FILE_NAME.test(fileName))
    throw malformed(source, `the name of the file for ${platform} is ${quote(fileName)}`);
  if (!Number.isSafeInteger(size) || size < 0) throw malformed(source, `the size for ${platform} is ${quote(size)}`);
  if (size <= MAX_ARCHIVE_BYTES) return;
  throw new StoreError(
    'ERR_SIZE',
    `${source.address} announces ${size} bytes for ${platform}, and at most ${MAX_ARCHIVE_BYTES} are taken. Make the plugin smaller.`,
  );
}

function announcedManifest(source: PluginSource, { manifest, version }: Release): PluginManifest | undefined {
  if (manifest === undefined) return undefined;
  const announced = parsed(source, manifest);
  if (announced.version === version) return announced;
  throw malformed(source, `the manifest of the version ${version} says ${announced.version}`);
}

function parsed(source: PluginSource, manifest: unknown): PluginManifest {
  try {
    return parsePluginManifest(manifest);
  } catch (cause) {
    throw malformed(source, (cause as Error).message, cause);
  }
}

function malformed({ address }: PluginSource, why: string, cause?: unknown): StoreError {
  return new StoreError('ERR_SOURCE', `${address} gives a malformed answer: ${why}. Ask who publishes it.`, { cause });
}
