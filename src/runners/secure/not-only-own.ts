import { SecurityError } from '../../errors.js';

/** What was checked could be replaced by another user. */
export function notOnlyOwn(path: string, writable: string): SecurityError {
  return new SecurityError(
    'ERR_CHECKSUM_WRITABLE',
    `What was checked at ${path} can be replaced before it runs: ${writable} can be written to by other users than this one and root. ` +
      'It was not started. Install the plugin where only this user or root can write on the whole way (owner, `chmod go-w`).',
  );
}
