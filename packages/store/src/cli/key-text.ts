import { readText } from './read-text.js';
import type { StoreCliContext } from './store-context.js';

/** A public key: its line, or the name of its file. */
export async function keyOf(context: Pick<StoreCliContext, 'cwd'>, text: string): Promise<string> {
  if (/^(?:minisign:)?RW[A-Za-z0-9+/]{54}$/.test(text)) return text;
  return await readText(context, text, 'a public key, RWQ…, or its file');
}
