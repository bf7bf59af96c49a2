import { text } from 'node:stream/consumers';
import { CommandFailure, ExitCode } from './failure.js';
import { askPassword } from './prompt.js';
import { readText } from './read-text.js';
import type { StoreCliContext } from './store-context.js';

/** The first line of a file, or of stdin for `-`; without a file it is asked for. */
export async function passwordFrom(
  context: StoreCliContext,
  file: string | undefined,
  question: string,
): Promise<string> {
  if (file === undefined) return await askPassword(context, question);
  const content =
    file === '-'
      ? await text(context.stdin)
      : await readText(context, file, 'a file with the password, or - for stdin');
  const [password = ''] = content.split(/\r?\n/);
  if (password === '') throw new CommandFailure(ExitCode.usage, 'The first line of --password-file is empty.');
  return password;
}

/** Of a new key: asked for twice. */
export async function newPassword(context: StoreCliContext, file: string | undefined): Promise<string> {
  const password = await passwordFrom(context, file, 'Password for the new key: ');
  if (file !== undefined) return password;
  if (password === '')
    throw new CommandFailure(ExitCode.usage, 'The password is empty. A key without one is made by --no-password.');
  if ((await askPassword(context, 'Once more: ')) === password) return password;
  throw new CommandFailure(ExitCode.usage, 'The two passwords differ.');
}
