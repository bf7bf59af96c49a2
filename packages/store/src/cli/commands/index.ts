import { resolve } from 'node:path';
import { type IndexedRelease, writeIndex } from '../../sources/static/write-index.js';
import type { CliContext } from '../context.js';
import { print } from '../output.js';

export interface IndexFlags {
  readonly baseUrl?: string;
  readonly json: boolean;
}

/** `rxplug plugin index FOLDER` */
export async function index(this: CliContext, flags: IndexFlags, folder: string): Promise<void> {
  const written = await writeIndex(resolve(this.cwd, folder), baseUrlOf(flags));
  print(this, flags, written, linesOf(written));
}

/** `{version}` in an address stands for the version. */
export function baseUrlOf({ baseUrl }: IndexFlags): { readonly baseUrl?: (version: string) => string } {
  return baseUrl === undefined
    ? {}
    : { baseUrl: (version) => baseUrl.replaceAll('{version}', encodeURIComponent(version)) };
}

export function linesOf(releases: readonly IndexedRelease[]): string[] {
  return releases.map(({ name, version, isSigned }) => `${name} ${version}  ${isSigned ? 'signed' : 'not signed'}`);
}
