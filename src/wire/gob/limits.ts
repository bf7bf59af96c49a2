import { OptionsError } from '../../errors.js';

/** What a peer may make a decoder hold. Exceeding one is an error of that value, or of the stream where its framing is lost. */
export interface GobLimits {
  /** Longest message, and longest value if spread over several messages, in bytes. Judged before buffering. @default 256 MiB */
  readonly maxMessageBytes: number;
  /** Deepest nesting of values and of type definitions. @default 1000 */
  readonly maxDepth: number;
  /** All type definitions of a stream together, in bytes. @default 1 MiB */
  readonly maxTypeBytes: number;
  /** Heap that the decoded form of one value may take, in bytes, estimated: a few bytes on the wire can ask for large objects. @default 1 GiB */
  readonly maxHeapBytes: number;
}

/** What a decoder holds at most unless it is told otherwise; in bytes, but for `maxDepth`. */
export const DEFAULT_GOB_LIMITS: GobLimits = Object.freeze({
  maxMessageBytes: 256 * 1024 * 1024,
  maxDepth: 1000,
  maxTypeBytes: 1024 * 1024,
  maxHeapBytes: 1024 * 1024 * 1024,
});

/** The limits with their defaults, checked. */
export function resolveGobLimits(limits: Partial<GobLimits> = {}): GobLimits {
  const resolved = { ...DEFAULT_GOB_LIMITS, ...limits };
  for (const [name, value] of Object.entries(resolved)) {
    if (!Number.isSafeInteger(value) || value <= 0) {
      throw new OptionsError(`Expected the gob limit \`${name}\` to be a positive integer, got \`${String(value)}\`.`);
    }
  }
  return resolved;
}
