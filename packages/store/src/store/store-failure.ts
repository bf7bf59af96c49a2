import { PluginError } from 'rxplug';
import { StoreError } from '../errors.js';

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full. Free some space, or name another `directory`',
  EDQUOT: "The user's share of the disk is used up. Free some space, or name another `directory`",
  EROFS: 'The file system cannot be written to. Install where it can, or name another `directory`',
  EACCES: 'The permission is missing. Give it to this user, or name another `directory`',
  EPERM: 'The permission is missing. Give it to this user, or name another `directory`',
};

/** What a file system refused, as StoreError ERR_STORE; errors of the library stay as they are. */
export function storeFailure(what: string, error: unknown): unknown {
  if (PluginError.is(error) || (error as Error | undefined)?.name === 'AbortError') return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const advice = Object.hasOwn(ADVICE, code) ? ` ${ADVICE[code]}.` : '';
  return new StoreError('ERR_STORE', `${what}: ${message}.${advice}`, { cause: error });
}
