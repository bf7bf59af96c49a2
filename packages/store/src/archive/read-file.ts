import { createReadStream } from 'node:fs';
import { gunzip } from './gunzip.js';
import { DEFAULT_LIMITS } from './limits.js';
import { readTar } from './read-tar.js';
import { refusedEntry } from './refused.js';

/**
 * The content of one file of a `.tar.gz` on the disk, of at most so many bytes; undefined when it has no such file. Rejects with StoreError
 * ERR_ARCHIVE for what `unpackArchive` refuses of the archive's form, and for a larger file.
 */
export async function readFileOfArchive(archive: string, path: string, maxBytes: number): Promise<Buffer | undefined> {
  let found: Buffer | undefined;
  await readTar(gunzip(createReadStream(archive), DEFAULT_LIMITS), async (entry, content) => {
    if (entry.kind !== 'file' || entry.name.replace(/^\.\//, '') !== path) return;
    if (entry.size > maxBytes) throw refusedEntry(entry.name, `it has more than ${maxBytes} bytes`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    found = Buffer.concat(chunks);
  });
  return found;
}
