import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { StoreCliContext } from './store-context.js';

/** A public key: its line, or the name of its file. */
export async function keyOf({ cwd }: Pick<StoreCliContext, 'cwd'>, text: string): Promise<string> {
  if (/^(?:minisign:)?RW[A-Za-z0-9+/]{54}$/.test(text)) return text;
  return await readFile(resolve(cwd, text), 'utf8');
}
