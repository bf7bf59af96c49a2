import { resolve } from 'node:path';
import type { CliContext } from '../context.js';
import { print } from '../output.js';
import { progressOn } from '../progress.js';
import { onlyOf, requireLock, storeOf } from '../store-flags.js';
import type { InstallFlags } from './install.js';

/** `rxplug plugin mirror FOLDER [NAME...]` */
export async function mirror(this: CliContext, flags: InstallFlags, folder: string, ...names: string[]): Promise<void> {
  requireLock(this, flags);
  const { onProgress, end } = progressOn(this.stderr);
  const { platform: platforms } = flags;
  const mirrored = await storeOf(this, flags)
    .mirror(resolve(this.cwd, folder), { ...onlyOf(names), ...(platforms !== undefined && { platforms }), onProgress })
    .finally(end);
  print(
    this,
    flags,
    mirrored,
    mirrored.map(({ key, version, platforms: copied, folder: at }) => `${key} ${version} ${copied.join(', ')}  ${at}`),
  );
}
