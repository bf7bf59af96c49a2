import { resolve } from 'node:path';
import { packPlugin } from '../../publish/pack-plugin.js';
import type { CliContext } from '../context.js';
import { print } from '../output.js';

export interface PackFlags {
  readonly out: string;
  readonly platform?: string;
  readonly json: boolean;
}

/** `rxplug plugin pack FOLDER` */
export async function pack(this: CliContext, flags: PackFlags, folder: string): Promise<void> {
  const { platform } = flags;
  const out = resolve(this.cwd, flags.out);
  const packed = await packPlugin(resolve(this.cwd, folder), { out, ...(platform !== undefined && { platform }) });
  print(this, flags, packed, [`${packed.file}  ${packed.size} bytes  ${packed.digest}`]);
}
