import { errorMessage, RemoteError } from '../../errors.js';
import { gob } from '../../wire/gob/index.js';

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

/** The value of a BasicError. */
export interface BasicErrorValue {
  Message: string;
}

/**
 * The BasicError with the message of anything that was thrown; undefined, which is nil in Go, for undefined and null (go-plugin error.go
 * NewBasicError). A field of `gob.pointer` takes null for nil: `toBasicError(error) ?? null`.
 *
 * @example
 * ```ts
 * const failure: Error | undefined = validate(entry);
 * return { Err: toBasicError(failure) };
 * ```
 */
export function toBasicError<E>(error: E): E extends null | undefined ? undefined : BasicErrorValue;
export function toBasicError(error: unknown): BasicErrorValue | undefined {
  return error === undefined || error === null ? undefined : { Message: errorMessage(error) };
}

/**
 * A received BasicError as an error to throw; undefined for undefined and null, which are nil in Go.
 *
 * @example
 * const failure = fromBasicError(reply.Err);
 * if (failure !== undefined) throw failure;
 */
export function fromBasicError<E extends BasicErrorValue | null | undefined>(
  error: E,
): E extends null | undefined ? undefined : RemoteError;
export function fromBasicError(error: BasicErrorValue | null | undefined): RemoteError | undefined {
  return error === undefined || error === null ? undefined : new RemoteError(error.Message);
}
