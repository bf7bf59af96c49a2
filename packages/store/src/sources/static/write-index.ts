import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { OptionsError } from 'rxplug';
import { MANIFEST_FILE, type PluginManifest, parsePluginManifest } from 'rxplug/manifest';
import { readFileOfArchive } from '../../archive/read-file.js';
import type { Digest } from '../../digest.js';
import { StoreError } from '../../errors.js';
import { formatSums } from '../../signing/sums.js';
import { type WriteReleaseOptions, writeRelease } from './write-release.js';

const ARCHIVE =
  /^([a-z0-9][a-z0-9._-]*)_(\d+\.\d+\.\d+[0-9A-Za-z.+-]*)_(any|[a-z0-9]+-[a-z0-9]+(?:-musl)?)\.(?:tgz|tar\.gz)$/;
const MAX_MANIFEST_BYTES = 65_536 * 4;
const PUBLIC_KEY_FILE = 'minisign.pub';
const MINISIG = '.minisig';
/** The second is how clients of sigstore name bundles. */
const SIGNATURES = [MINISIG, '.sigstore.json'];

interface Archive {
  readonly fileName: string;
  readonly base: string;
  readonly version: string;
  readonly platform: string;
}

/** A version that was written into the index. */
export interface IndexedRelease {
  /** The plugin's name, of its manifest. */
  readonly name: string;
  readonly version: string;
  /** Path of the list of digests, to be signed. */
  readonly sumsFile: string;
  readonly isSigned: boolean;
}

/**
 * Writes the index of a folder for the archives in it, `NAME_VERSION_PLATFORM.tgz` such as `kv-redis_1.4.2_linux-x64.tgz`: for each version its file and
 * `NAME_VERSION_SHA256SUMS`, whose signature is named if it is there as `….minisig`, with the key if that is there as `minisign.pub`, or
 * as `….sigstore.json`. Versions that the index has already stay, also without archives. All names are flat, so that the files can be the assets of a GitHub release.
 * Rejects with OptionsError for a folder without archives or a manifest that is none, StoreError ERR_DIGEST for a signed list of other
 * archives.
 *
 * @example
 * ```ts
 * await writeIndex('out', { baseUrl: (version) => `https://github.com/acme/kv/releases/download/v${version}` });
 * ```
 */
export async function writeIndex(
  folder: string,
  options: WriteReleaseOptions = {},
): Promise<readonly IndexedRelease[]> {
  const files = await readdir(folder);
  const groups = new Map<string, Archive[]>();
  for (const fileName of files.sort()) {
    const [, base, version, platform] = ARCHIVE.exec(fileName) ?? [];
    if (base === undefined || version === undefined || platform === undefined) continue;
    const stem = `${base}_${version}`;
    groups.set(stem, [...(groups.get(stem) ?? []), { fileName, base, version, platform }]);
  }
  if (groups.size === 0)
    throw new OptionsError(
      `${folder} has no archives. Expected files such as kv_1.4.2_linux-x64.tgz, as \`rxplug plugin pack\` writes them.`,
    );
  requireOne(folder, new Set([...groups.values()].map(([first]) => first!.base)));
  const written: IndexedRelease[] = [];
  for (const [stem, archives] of groups) written.push(await indexOne(folder, stem, archives, new Set(files), options));
  return written;
}

function requireOne(folder: string, bases: ReadonlySet<string>): void {
  if (bases.size === 1) return;
  throw new OptionsError(
    `${folder} has archives of several plugins, ${[...bases].join(', ')}: an index is of one. Give each a folder of its own.`,
  );
}

async function indexOne(
  folder: string,
  stem: string,
  archives: readonly Archive[],
  files: ReadonlySet<string>,
  options: WriteReleaseOptions,
): Promise<IndexedRelease> {
  const { version } = archives[0]!;
  const manifest = await manifestOf(folder, archives);
  const measured = await Promise.all(
    archives.map(async (archive) => ({ ...archive, ...(await measure(join(folder, archive.fileName))) })),
  );
  const sums = `${stem}_SHA256SUMS`;
  const signature = SIGNATURES.map((ending) => sums + ending).find((file) => files.has(file));
  const isSigned = signature !== undefined;
  await writeSums(
    join(folder, sums),
    formatSums(new Map(measured.map(({ fileName, digest }) => [fileName, digest]))),
    isSigned,
  );
  await writeRelease(
    folder,
    {
      version,
      manifest,
      platforms: Object.fromEntries(
        measured.map(({ platform, fileName, digest, size }) => [platform, { fileName, digest, size }]),
      ),
      sums,
      ...(signature !== undefined && { signature }),
      ...(signature?.endsWith(MINISIG) && files.has(PUBLIC_KEY_FILE) && { publicKey: PUBLIC_KEY_FILE }),
    },
    options,
  );
  return { name: manifest.name, version, sumsFile: join(folder, sums), isSigned };
}

async function measure(path: string): Promise<{ readonly digest: Digest; readonly size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

/** A list that is signed stays as it is, byte for byte. */
async function writeSums(path: string, text: string, isSigned: boolean): Promise<void> {
  if (!isSigned) return writeFile(path, text);
  const there = (await stat(path).catch(() => undefined)) === undefined ? '' : await readFile(path, 'utf8');
  if (there === text) return;
  throw new StoreError(
    'ERR_DIGEST',
    `${path} is signed, and is not the list of the archives beside it. Remove its signature, write the index again, and sign it.`,
  );
}

/** The manifest of the first archive; those of the others have to be of the same name and version. */
async function manifestOf(folder: string, archives: readonly Archive[]): Promise<PluginManifest> {
  const manifests: PluginManifest[] = [];
  for (const { fileName, version } of archives) {
    const manifest = parsePluginManifest(await manifestText(join(folder, fileName)));
    if (manifest.version !== version)
      throw new OptionsError(
        `${fileName} has the manifest of version ${manifest.version}. Pack it again, or name it by that version.`,
      );
    manifests.push(manifest);
  }
  const other = manifests.find(({ name }) => name !== manifests[0]!.name);
  if (other === undefined) return manifests[0]!;
  throw new OptionsError(
    `${folder} has archives of both ${manifests[0]!.name} and ${other.name}. Give each a folder of its own.`,
  );
}

async function manifestText(file: string): Promise<string> {
  const manifest = await readFileOfArchive(file, MANIFEST_FILE, MAX_MANIFEST_BYTES);
  if (manifest !== undefined) return manifest.toString('utf8');
  throw new OptionsError(`${basename(file)} has no ${MANIFEST_FILE} in its root. Pack it by \`rxplug plugin pack\`.`);
}
