import type { CliContext } from '../context.js';
import { print, table } from '../output.js';
import { type StoreFlags, storeOf } from '../store-flags.js';

/** `rxplug plugin list` */
export async function list(this: CliContext, flags: StoreFlags): Promise<void> {
  const listed = await storeOf(this, flags).list();
  const rows = listed.map(({ key, name, version, range, platform, folder, signer }) => [
    key,
    name,
    version,
    range,
    platform === undefined ? 'not for this platform' : folder === undefined ? 'not installed' : 'installed',
    signer ?? 'unsigned',
  ]);
  print(this, flags, listed, listed.length === 0 ? ['No plugins.'] : table(rows));
}
