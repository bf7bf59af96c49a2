import { OptionsError } from '../../errors.js';
import { checkOptions } from '../option-names.js';

/** Limits of a decoder. A value that exceeds one fails; the whole stream fails only if message boundaries are lost. */
export interface GobLimits {
  /** Longest message, and longest value if spread over several messages, in bytes. Checked before buffering. @default 256 MiB */
  readonly maxReceiveMessageBytes: number;
  /** Deepest nesting of values and of type definitions. @default 1000 */
  readonly maxDepth: number;
  /** All type definitions of a stream together, in bytes. @default 1 MiB */
  readonly maxTypeBytes: number;
  /** Estimated heap of one decoded value, in bytes: a few bytes on the wire can describe large objects. @default 1 GiB */
  readonly maxHeapBytes: number;
}

/** The default limits of a decoder. */
export const DEFAULT_GOB_LIMITS: GobLimits = Object.freeze({
  maxReceiveMessageBytes: 256 * 1024 * 1024,
  maxDepth: 1000,
  maxTypeBytes: 1024 * 1024,
  maxHeapBytes: 1024 * 1024 * 1024,
});

/** The limits with defaults filled in. Throws OptionsError unless each is a positive integer. */
export function resolveGobLimits(limits: Partial<GobLimits> = {}): GobLimits {
  checkOptions('the limits of gob', limits, Object.keys(DEFAULT_GOB_LIMITS));
  const resolved = { ...DEFAULT_GOB_LIMITS, ...limits };
  for (const [name, value] of Object.entries(resolved)) {
    if (!Number.isSafeInteger(value) || value <= 0) {
      throw new OptionsError(`Expected the gob limit \`${name}\` to be a positive integer, got \`${String(value)}\`.`);
    }
  }
  return resolved;
}
