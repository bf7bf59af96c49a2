import { resolve } from 'node:path';
import { createKeyFiles } from '../../publish/key-files.js';
import type { CliContext } from '../context.js';
import { print } from '../output.js';
import { newPassword } from '../password.js';

export interface KeygenFlags {
  readonly secret: string;
  readonly public: string;
  readonly passwordFile?: string;
  readonly noPassword: boolean;
  readonly json: boolean;
}

/** `rxplug plugin keygen` */
export async function keygen(this: CliContext, flags: KeygenFlags): Promise<void> {
  const [secretFile, publicFile] = [resolve(this.cwd, flags.secret), resolve(this.cwd, flags.public)];
  const password = flags.noPassword ? undefined : await newPassword(this, flags.passwordFile);
  const key = await createKeyFiles({ secretFile, publicFile, ...(password !== undefined && { password }) });
  print(this, flags, { id: key.id, publicKey: key.text, secretFile, publicFile }, [
    `The secret key is in ${secretFile}${password === undefined ? ', without a password' : ''}: keep it to yourself.`,
    `The public key is in ${publicFile}:`,
    key.text,
  ]);
}
