import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OptionsError } from 'rxplug';
import { rcompare, valid } from 'semver';
import type { Digest } from '../../digest.js';
import { StoreError } from '../../errors.js';
import { asOnlyEditor } from '../../only-editor.js';
import { quote } from '../../quote.js';
import { INDEX_FILE, MAX_JSON_BYTES, parseIndex, versionFile } from './layout.js';

/** A version whose files are in a folder. */
export interface ReleaseInFolder {
  readonly version: string;
  /** The manifest, parsed. */
  readonly manifest?: unknown;
  /** The archives, by platform. */
  readonly platforms: Readonly<
    Record<
      string,
      {
        readonly fileName: string;
        readonly digest: Digest;
        readonly size: number;
        readonly program?: string | undefined;
      }
    >
  >;
  /** Name of the list of digests, in the folder. */
  readonly sums?: string;
  /** Name of its signature. */
  readonly signature?: string;
  /** Name of the public key. */
  readonly publicKey?: string;
}

/** Where the files of versions will be. */
export interface WriteReleaseOptions {
  /** The address of the folder with the files of a version, where it is not the one of `index.json`: the assets of a GitHub release. */
  readonly baseUrl?: (version: string) => string;
}

/**
 * Writes the file of a version, whose archives are in the folder already, and adds it to `index.json` there: last, so that whoever reads the
 * folder finds all of a version or nothing of it. Several programs may add versions at the same time. Rejects with StoreError for an index
 * that is none.
 */
export async function writeRelease(
  folder: string,
  release: ReleaseInFolder,
  options: WriteReleaseOptions = {},
): Promise<void> {
  const { version, platforms, manifest, sums, signature, publicKey } = release;
  if (valid(version) === null) throw new OptionsError(`Expected a semantic version, got ${quote(version)}.`);
  const files = Object.entries(platforms).map(([key, { fileName, digest, size, program }]) => [
    key,
    { url: encodeURIComponent(fileName), digest, size, program },
  ]);
  const named = Object.entries({ sums, signature, publicKey }).flatMap(([key, name]) =>
    name === undefined ? [] : [[key, encodeURIComponent(name)]],
  );
  await mkdir(folder, { recursive: true });
  const own = { manifest, platforms: Object.fromEntries(files), ...Object.fromEntries(named) };
  await writeWhole(join(folder, versionFile(version)), own);
  const base = options.baseUrl?.(version).replace(/\/?$/, '/');
  const reference = `${base ?? ''}${encodeURIComponent(versionFile(version))}`;
  await asOnlyEditor(join(folder, INDEX_FILE), () => addToIndex(folder, version, reference));
}

async function addToIndex(folder: string, version: string, reference: string): Promise<void> {
  const versions = new Map([...(await readIndex(folder)), [version, reference]]);
  const entries = [...versions].sort(([a], [b]) => rcompare(a, b)).map(([key, url]) => [key, entryOf(key, url)]);
  await writeWhole(join(folder, INDEX_FILE), { versions: Object.fromEntries(entries) });
}

function entryOf(version: string, url: string): object {
  return url === encodeURIComponent(versionFile(version)) ? {} : { url };
}

async function readIndex(folder: string): Promise<ReadonlyMap<string, string>> {
  const path = join(folder, INDEX_FILE);
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_JSON_BYTES)
      throw new StoreError('ERR_SIZE', `${path} is too long to be an index of plugins.`);
    return parseIndex(bytes, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
}

/** Whoever reads finds the old file or the new one. */
async function writeWhole(path: string, value: object): Promise<void> {
  const unfinished = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(unfinished, `${JSON.stringify(value, undefined, 2)}\n`);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
