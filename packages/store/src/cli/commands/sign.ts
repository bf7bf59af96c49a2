import { resolve } from 'node:path';
import { signIndex } from '../../publish/sign-index.js';
import { parseSecretKey } from '../../signing/secret-key.js';
import type { CliContext } from '../context.js';
import { print } from '../output.js';
import { passwordFrom } from '../password.js';
import { readText } from '../read-text.js';
import { baseUrlOf, type IndexFlags, linesOf } from './index.js';

export interface SignFlags extends IndexFlags {
  readonly secret: string;
  readonly passwordFile?: string;
}

/** `rxplug plugin sign FOLDER` */
export async function sign(this: CliContext, flags: SignFlags, folder: string): Promise<void> {
  const file = resolve(this.cwd, flags.secret);
  const key = await parseSecretKey(
    await readText(this, file, 'the secret key, as `rxplug plugin keygen` makes it, or --secret FILE'),
    () => passwordFrom(this, flags.passwordFile, `Password of ${file}: `),
  );
  const signed = await signIndex(resolve(this.cwd, folder), key, baseUrlOf(flags));
  print(this, flags, { key: key.publicKey.text, releases: signed }, [...linesOf(signed), `Key: ${key.publicKey.text}`]);
}
