import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { OptionsError } from 'rxplug';
import { EntryNames } from './entry-names.js';
import { checkedPath } from './entry-path.js';
import { gunzip } from './gunzip.js';
import { type ArchiveLimits, DEFAULT_LIMITS, resolveLimits } from './limits.js';
import { readTar, type TarEntry } from './read-tar.js';
import { malformed, refusedEntry } from './refused.js';

const DIRECTORY_MODE = 0o755;
const PROGRAM_MODE = 0o755;
const FILE_MODE = 0o644;

/** The path of a file, or its bytes. */
export type ArchiveSource = string | AsyncIterable<Uint8Array>;

/**
 * Unpacks a `.tar.gz` into a directory that is empty, or is not there yet. It must be a private one, as nothing else may write there
 * meanwhile. Only files and directories are taken, whose names every system can hold and tells apart; modes become 0755 or 0644. Rejects
 * with StoreError ERR_ARCHIVE for every other archive, and as the file system does; the directory is empty then. Keeps in memory the
 * names, and a few chunks.
 *
 * @example
 * ```ts
 * await unpackArchive('kv_1.4.2_linux-x64.tgz', await mkdtemp(join(tmpdir(), 'kv-')));
 * ```
 */
export async function unpackArchive(archive: ArchiveSource, folder: string, limits: ArchiveLimits = {}): Promise<void> {
  const resolved = resolveLimits(limits);
  const into = resolve(folder);
  await makeEmpty(into);
  try {
    const names = new EntryNames();
    let count = 0;
    await readTar(gunzip(bytesOf(archive), resolved), async (entry, content) => {
      const path = checkedPath(entry.name);
      if (++count > resolved.maxEntries) throw malformed(`it has more than ${resolved.maxEntries} entries`);
      if (path === '' && entry.kind === 'file')
        throw refusedEntry(entry.name, 'it is a file with the name of the root');
      if (path === '') return;
      if (entry.size > resolved.maxBytes) throw refusedEntry(entry.name, `it has more than ${resolved.maxBytes} bytes`);
      names.add(path, entry.kind);
      await place(entry, join(into, path), content);
    });
  } catch (error) {
    await removeContent(into);
    throw error;
  }
}

/** Copies a program that is no archive to a path that is not there yet, and makes it executable. Rejects as `unpackArchive`. */
export async function placeProgram(program: ArchiveSource, path: string, limits: ArchiveLimits = {}): Promise<void> {
  const { maxBytes } = resolveLimits(limits);
  try {
    await writeFile(path, bytesOf(program), { mode: PROGRAM_MODE, maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await rm(path, { force: true });
    throw error;
  }
}

async function makeEmpty(into: string): Promise<void> {
  await mkdir(into, { recursive: true, mode: DIRECTORY_MODE });
  if ((await readdir(into)).length > 0)
    throw new OptionsError(
      `Expected ${into} to be an empty directory, or none: an archive is not unpacked over other files.`,
    );
}

async function removeContent(into: string): Promise<void> {
  for (const name of await readdir(into)) await rm(join(into, name), { recursive: true, force: true });
}

async function place(entry: TarEntry, path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  await makeDirectories(entry.kind === 'directory' ? path : dirname(path));
  if (entry.kind === 'directory') return;
  await writeFile(path, content, {
    mode: entry.isExecutable ? PROGRAM_MODE : FILE_MODE,
    maxBytes: DEFAULT_LIMITS.maxBytes,
  });
}

/** Whatever the umask is. */
async function makeDirectories(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
  if (made === undefined) return;
  for (let at = path; at.length >= made.length; at = dirname(at)) await chmod(at, DIRECTORY_MODE);
}

/** The file must not be there. */
async function writeFile(
  path: string,
  content: AsyncIterable<Uint8Array>,
  { mode, maxBytes }: { readonly mode: number; readonly maxBytes: number },
): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    let size = 0;
    for await (const chunk of content) {
      size += chunk.length;
      if (size > maxBytes) throw malformed(`it has more than ${maxBytes} bytes`);
      await file.writeFile(chunk);
    }
    await file.chmod(mode);
  } finally {
    await file.close();
  }
}

function bytesOf(source: ArchiveSource): AsyncIterable<Uint8Array> {
  return typeof source === 'string' ? createReadStream(source) : source;
}
