import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OptionsError } from 'rxplug';
import { pushRelease } from '../../sources/oci/push-release.js';
import { directorySource } from '../../sources/static/static-source.js';
import { newestInRange } from '../../versions/ranges.js';
import type { CliContext } from '../context.js';
import { print } from '../output.js';

export interface PushFlags {
  readonly release?: string;
  readonly overwrite: boolean;
  readonly insecure: boolean;
  readonly json: boolean;
}

/** `rxplug plugin push FOLDER ADDRESS` */
export async function push(this: CliContext, flags: PushFlags, folder: string, address: string): Promise<void> {
  if (!address.startsWith('oci:'))
    throw new OptionsError(`Expected the address of a registry, oci://HOST/NAME, got ${JSON.stringify(address)}.`);
  const { overwrite, insecure } = flags;
  const source = directorySource(pathToFileURL(resolve(this.cwd, folder)).href.replace(/^file:/, 'dir:'));
  const version = flags.release ?? newestInRange(await source.list(), '*', source.address);
  const pushed = await pushRelease(source, version, address, { overwrite, insecure, env: this.env });
  print(this, flags, pushed, [`${pushed.address} ${pushed.version}  ${pushed.digest}`]);
}
