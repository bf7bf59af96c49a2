import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../digest.js';
import type { SignedSums } from '../sources/source.js';
import { entryDirectory } from './entry.js';

/** The signed list beside the files, so that a signature can be verified without the source. */
const SIGNED_FILE = 'signed.json';

const MAX_BYTES = 1 << 20;

/** The signed list of an entry, unverified; undefined where there is none. Never rejects. */
export async function readSigned(root: string, archive: Digest): Promise<SignedSums | undefined> {
  const path = join(entryDirectory(root, archive), SIGNED_FILE);
  try {
    if ((await stat(path)).size > MAX_BYTES) return undefined;
    const { sums, signature } = JSON.parse(await readFile(path, 'utf8')) as Readonly<Record<string, unknown>>;
    if (typeof sums !== 'string' || typeof signature !== 'string') return undefined;
    return { sums: Buffer.from(sums, 'base64'), signature: Buffer.from(signature, 'base64') };
  } catch {
    return undefined;
  }
}

/** Keeps the signed list of an entry. Never rejects: a store that cannot be written to is asked again for what it does not have. */
export async function keepSigned(root: string, archive: Digest, { sums, signature }: SignedSums): Promise<void> {
  const path = join(entryDirectory(root, archive), SIGNED_FILE);
  const next = `${path}.${randomBytes(6).toString('hex')}`;
  const text = JSON.stringify({ sums: base64(sums), signature: base64(signature) });
  try {
    await writeFile(next, text, { mode: 0o644 });
    await rename(next, path);
  } catch {
    await rm(next, { force: true }).catch(() => undefined);
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
