import { errorMessage, RemoteError } from '../../errors.js';
import { type GobType, gob } from '../../wire/gob/index.js';

/**
 * go-plugin's carrier of an error inside a value: an error text (go-plugin error.go BasicError). No error is nil: wrap it in
 * `gob.pointer` or `gob.optional`. In an interface it goes by the name `BASIC_ERROR_NAME`, which both sides must register.
 */
export const BasicError = gob.struct('BasicError', { Message: gob.string });

/** What a Go peer registers it as: `gob.Register(&plugin.BasicError{})`. */
export const BASIC_ERROR_NAME = '*plugin.BasicError';

/** The carrier of whatever was thrown. */
export function toBasicError(error: unknown): GobType<typeof BasicError> {
  return { Message: errorMessage(error) };
}

/** The error that was carried. */
export function fromBasicError({ Message }: GobType<typeof BasicError>): RemoteError {
  return new RemoteError(Message);
}
