import { OptionsError, ProtocolError, type ProtocolErrorCode } from '../../errors.js';

/** Why a value cannot be encoded or decoded. Internal: collects the path as it propagates; converted by `toDecodeError`, `toEncodeError`. */
export class GobFailure extends Error {
  readonly code: ProtocolErrorCode;
  readonly reason: string;
  /** Where inside the value, for instance `.Value[3]`; grows at the front. */
  path = '';

  constructor(code: ProtocolErrorCode, reason: string) {
    super(reason);
    this.code = code;
    this.reason = reason;
  }
}

/** The bytes break the format. */
export function malformed(reason: string): GobFailure {
  return new GobFailure('ERR_GOB', reason);
}

/** The value is well-formed but not what the schema asks for. */
export function mismatch(reason: string): GobFailure {
  return new GobFailure('ERR_GOB_TYPE', reason);
}

/** The value exceeds a limit of the receiver. */
export function exceeded(reason: string): GobFailure {
  return new GobFailure('ERR_LIMIT_EXCEEDED', reason);
}

const MAX_PATH_CHARS = 400;

/** The failure with a step added in front of its path. Other errors are returned unchanged. */
export function within(error: unknown, step: string): unknown {
  if (error instanceof GobFailure && error.path.length < MAX_PATH_CHARS) error.path = step + error.path;
  return error;
}

/** The path step of a map entry; a long key is shortened. */
export function keyStep(key: unknown): string {
  if (typeof key === 'string') return `[${JSON.stringify(key.slice(0, 40))}]`;
  return typeof key === 'object' && key !== null ? '[…]' : `[${String(key)}]`;
}

/** The public error of a failed decoding; other errors are returned unchanged. */
export function toDecodeError(error: unknown, root: string): unknown {
  if (!(error instanceof GobFailure)) return error;
  return new ProtocolError(error.code, `gob: ${root}${error.path}: ${error.reason}`);
}

/** The public error of a failed encoding, which is the caller's mistake; other errors are returned unchanged. */
export function toEncodeError(error: unknown, root: string): unknown {
  if (!(error instanceof GobFailure)) return error;
  return new OptionsError(`gob: ${root}${error.path}: ${error.reason}`);
}

/** A value as an error message shows it. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 40))}`;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? `an object of type ${value.constructor?.name ?? 'null'}` : typeof value;
}
