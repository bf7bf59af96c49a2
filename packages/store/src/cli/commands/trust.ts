import { lockedPlugin, readLock } from '../../lock/read-lock.js';
import { minisignKey } from '../../signing/public-key.js';
import type { CliContext } from '../context.js';
import { CommandFailure, ExitCode } from '../failure.js';
import { keyOf } from '../key-text.js';
import { print } from '../output.js';
import { progressOn } from '../progress.js';
import { lockFile, type StoreFlags, storeOf } from '../store-flags.js';

/**
 * `rxplug plugin trust NAME KEY`: takes the newest version in the range when it is signed by the new key or the one before, and pins the key
 * that it is signed by.
 */
export async function trust(this: CliContext, flags: StoreFlags, name: string, key: string): Promise<void> {
  const file = lockFile(this, flags);
  const { signer: before } = lockedPlugin(await readLock(file), name, file);
  const wanted = minisignKey(await keyOf(this, key));
  const { onProgress, end } = progressOn(this.stderr);
  const signers = before === undefined ? [wanted] : [before, wanted];
  await storeOf(this, flags, signers)
    .update({ only: [name], onProgress })
    .finally(end);
  const { signer, version } = lockedPlugin(await readLock(file), name, file);
  if (signer !== wanted)
    throw new CommandFailure(
      ExitCode.bad,
      `${name} ${version} is the newest in its range, and is still signed by ${signer}: that key stays. Try again when a version is signed by the new one.`,
    );
  print(this, flags, { key: name, version, signer }, [
    `${name} ${version} is signed by ${signer}, and from now on by no other.`,
  ]);
}
