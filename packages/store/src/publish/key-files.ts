import { chmod, rm, writeFile } from 'node:fs/promises';
import { OptionsError } from 'rxplug';
import { formatPublicKey, type PublicKey } from '../signing/public-key.js';
import { formatSecretKey, generateKey, type SecretKeyOptions } from '../signing/secret-key.js';

/** Where a new key is written. */
export interface KeyFiles extends SecretKeyOptions {
  readonly secretFile: string;
  readonly publicFile: string;
}

/** Makes a key and writes both files, over none that is there. Only the owner may read the secret one. Rejects with OptionsError. */
export async function createKeyFiles({ secretFile, publicFile, ...options }: KeyFiles): Promise<PublicKey> {
  const key = generateKey();
  await writeNew(secretFile, await formatSecretKey(key, options), 0o600);
  try {
    await writeNew(publicFile, formatPublicKey(key.publicKey), 0o644);
  } catch (error) {
    await rm(secretFile, { force: true });
    throw error;
  }
  return key.publicKey;
}

async function writeNew(path: string, content: string, mode: number): Promise<void> {
  try {
    await writeFile(path, content, { flag: 'wx', mode });
    await chmod(path, mode);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new OptionsError(`${path} is there already: a key is never written over another. Name another file.`, {
      cause,
    });
  }
}
