import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CommandFailure, ExitCode } from './failure.js';
import type { StoreCliContext } from './store-context.js';

/** The text of a file that the user has named. `expected` is for the message when it cannot be read. */
export async function readText({ cwd }: Pick<StoreCliContext, 'cwd'>, file: string, expected: string): Promise<string> {
  const path = resolve(cwd, file);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'is not there' : `cannot be read: ${message}`;
    throw new CommandFailure(ExitCode.usage, `${path} ${why}. Expected ${expected}.`);
  }
}
