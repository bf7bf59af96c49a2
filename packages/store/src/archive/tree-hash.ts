import { createHash } from 'node:crypto';
import { hexOf } from '../digest.js';
import { StoreError } from '../errors.js';
import { quote } from '../quote.js';
import { readTree, type Tree } from './tree.js';

/**
 * The hash of a folder's files, `h1:…`, as Go's `golang.org/x/mod/sumdb/dirhash` makes it of a directory without a prefix: SHA-256 of
 * the lines `DIGEST  PATH` in the order of the paths, in base64. Names and contents count; modes and empty directories do not. Rejects
 * with StoreError ERR_STORE for what is neither a file nor a directory.
 */
export async function treeHash(folder: string): Promise<string> {
  return hashOfTree(await readTree(folder));
}

/** The same of a folder that was read. */
export function hashOfTree({ files }: Tree): string {
  const hash = createHash('sha256');
  for (const [path, { digest }] of files) {
    // As in Go: the lines would be ambiguous.
    if (path.includes('\n')) throw new StoreError('ERR_STORE', `The name ${quote(path)} has a line end in it.`);
    hash.update(`${hexOf(digest)}  ${path}\n`);
  }
  return `h1:${hash.digest('base64')}`;
}

/**
 * What `secureConfig.directory` of `createClient` takes as `checksum`, with `hash: 'sha256'`, of a folder that was read: the same reading
 * says by `hashOfTree` whether these are the right files.
 */
export function checksumOfTree({ directories, files }: Tree): string {
  const records = [
    ...directories.map((path) => ({ path, record: `d ${path}\0` })),
    ...[...files].map(([path, { digest, isExecutable }]) => ({
      path,
      record: `${isExecutable ? 'x' : 'f'} ${hexOf(digest)} ${path}\0`,
    })),
  ].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return createHash('sha256')
    .update(records.map(({ record }) => record).join(''))
    .digest('hex');
}
