import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OptionsError } from 'rxplug';
import { formatPublicKey, parsePublicKey } from '../signing/public-key.js';
import type { SecretKey } from '../signing/secret-key.js';
import { signRelease } from '../signing/sign-release.js';
import { type IndexedRelease, writeIndex } from '../sources/static/write-index.js';
import type { WriteReleaseOptions } from '../sources/static/write-release.js';

const PUBLIC_KEY_FILE = 'minisign.pub';

/**
 * Writes the index of a folder of archives, signs the versions that are not signed yet, and offers the public key beside them. Resolves with
 * all versions. Rejects with OptionsError when the folder offers another key, and as `writeIndex`.
 */
export async function signIndex(
  folder: string,
  key: SecretKey,
  options: WriteReleaseOptions = {},
): Promise<readonly IndexedRelease[]> {
  await offerKey(folder, key);
  for (const { name, version, sumsFile, isSigned } of await writeIndex(folder, options)) {
    if (isSigned) continue;
    const signature = signRelease({ name, version, sums: await readFile(sumsFile) }, key);
    await writeFile(`${sumsFile}.minisig`, signature);
  }
  return await writeIndex(folder, options);
}

/** One key: whoever adds a plugin for the first time is shown it, whichever version it is. */
async function offerKey(folder: string, { publicKey }: SecretKey): Promise<void> {
  const path = join(folder, PUBLIC_KEY_FILE);
  const there = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (there === undefined) return await writeFile(path, formatPublicKey(publicKey));
  const offered = parsePublicKey(there);
  if (offered.text !== publicKey.text)
    throw new OptionsError(
      `${path} is the key ${offered.id}, and this one is ${publicKey.id}. If the key has changed, remove the file, and sign older versions anew.`,
    );
}
