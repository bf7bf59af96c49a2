import { StoreError } from '../errors.js';

/** A key that cannot be read or used. */
export function badKey(message: string, cause?: unknown): StoreError {
  return new StoreError('ERR_KEY', message, { cause });
}

/** A signature, or what it signs, that is malformed or of something else. */
export function badSignature(message: string, cause?: unknown): StoreError {
  return new StoreError('ERR_SIGNATURE', message, { cause });
}
