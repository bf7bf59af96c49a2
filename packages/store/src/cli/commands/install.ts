import type { CliContext } from '../context.js';
import { print } from '../output.js';
import { progressOn } from '../progress.js';
import { onlyOf, requireLock, type StoreFlags, storeOf } from '../store-flags.js';

export interface InstallFlags extends StoreFlags {
  readonly platform?: readonly string[];
}

/** `rxplug plugin install [NAME...]` */
export async function install(this: CliContext, flags: InstallFlags, ...names: string[]): Promise<void> {
  requireLock(this, flags);
  const { onProgress, end } = progressOn(this.stderr);
  const { platform: platforms } = flags;
  const installed = await storeOf(this, flags)
    .install({ ...onlyOf(names), ...(platforms !== undefined && { platforms }), onProgress })
    .finally(end);
  print(
    this,
    flags,
    installed,
    installed.map(({ key, version, platform, folder }) => `${key} ${version} ${platform}  ${folder}`),
  );
}
