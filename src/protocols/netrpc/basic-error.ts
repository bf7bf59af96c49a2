import { errorMessage, RemoteError } from '../../errors.js';
import { type GobType, gob } from '../../wire/gob/index.js';

/**
 * go-plugin's type for an error inside a value: a struct with the error's text (go-plugin error.go BasicError). Wrap it in
 * `gob.optional` or `gob.pointer` where there may be no error: that is nil in Go. As the value of an interface its name is
 * `BASIC_ERROR_NAME`, which both sides must register.
 *
 * @example
 * ```ts
 * // In Go: type Lookup struct { Entry *Entry; Err *plugin.BasicError }
 * const Lookup = gob.struct('Lookup', { Entry: gob.optional(Entry), Err: gob.optional(BasicError) });
 * ```
 */
export const BasicError = gob.struct('BasicError', { Message: gob.string });

/** The name under which a Go peer registers it: `gob.Register(&plugin.BasicError{})`. */
export const BASIC_ERROR_NAME = '*plugin.BasicError';

/** The BasicError with the message of anything that was thrown. */
export function toBasicError(error: unknown): GobType<typeof BasicError> {
  return { Message: errorMessage(error) };
}

/** A BasicError as an error to throw. */
export function fromBasicError({ Message }: GobType<typeof BasicError>): RemoteError {
  return new RemoteError(Message);
}
