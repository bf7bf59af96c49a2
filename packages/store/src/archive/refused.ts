import { StoreError } from '../errors.js';
import { quote } from '../quote.js';

/** An archive that is no archive, or none that can be trusted to be read the same way by everybody. */
export function malformed(reason: string, cause?: unknown): StoreError {
  return new StoreError('ERR_ARCHIVE', `The archive is malformed: ${reason}. Nothing of it was kept.`, { cause });
}

/** An entry that no plugin needs. */
export function refusedEntry(name: string, reason: string): StoreError {
  return new StoreError(
    'ERR_ARCHIVE',
    `The archive's entry ${quote(name)} is refused: ${reason}. Nothing of it was kept.`,
  );
}
