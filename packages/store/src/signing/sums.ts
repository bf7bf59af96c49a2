import { OptionsError } from 'rxplug';
import type { Digest } from '../digest.js';
import { badSignature } from './fail.js';
import { linesOf } from './text.js';

/** A version has an archive for each platform: far fewer than this. */
const MAX_FILES = 1000;
const MAX_BYTES = 320 * MAX_FILES;

/** A name, and no path: nothing that a shell or `sha256sum` would take for something else. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}$/;
const LINE = /^([0-9a-f]{64}) [ *](.+)$/;

/** Writes `SHA256SUMS`, sorted by name, as `sha256sum -c` takes it. Throws OptionsError for a name that is a path, or an odd one. */
export function formatSums(files: ReadonlyMap<string, Digest>): string {
  const names = [...files.keys()].sort();
  const odd = names.find((name) => !NAME.test(name));
  if (odd !== undefined)
    throw new OptionsError(
      `Expected a file's name of letters, digits and . _ + - in a list of digests, got ${JSON.stringify(odd)}.`,
    );
  return names.map((name) => `${files.get(name)!.slice('sha256:'.length)}  ${name}\n`).join('');
}

/** Reads `SHA256SUMS`: the digests by name. Throws StoreError ERR_SIGNATURE: it is only read where it is signed. */
export function parseSums(sums: string | Uint8Array): ReadonlyMap<string, Digest> {
  const lines = linesOf(sums, MAX_BYTES);
  if (lines === undefined) throw badSignature('The list of digests is no text, or too long.');
  if (lines.length > MAX_FILES) throw badSignature(`The list of digests has more than ${MAX_FILES} lines.`);
  const files = new Map<string, Digest>();
  for (const line of lines) {
    const [, digest, name = ''] = LINE.exec(line) ?? [];
    if (digest === undefined || !NAME.test(name))
      throw badSignature(
        `The list of digests has the line ${JSON.stringify(line.slice(0, 300))}: expected a SHA-256, two spaces and a file's name.`,
      );
    if (files.has(name)) throw badSignature(`The list of digests names ${name} twice.`);
    files.set(name, `sha256:${digest}`);
  }
  return files;
}
