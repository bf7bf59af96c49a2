import { OptionsError } from 'rxplug';

/** How much an archive may be unpacked to. */
export interface ArchiveLimits {
  /** Files and directories. @default 10000 */
  readonly maxEntries?: number;
  /** Bytes of the unpacked archive. @default 1073741824 */
  readonly maxBytes?: number;
  /** How many times larger than the archive what was unpacked may be, once it is larger than 1 MiB. @default 200 */
  readonly maxRatio?: number;
}

export const DEFAULT_LIMITS: Required<ArchiveLimits> = Object.freeze({
  maxEntries: 10_000,
  maxBytes: 1_073_741_824,
  maxRatio: 200,
});

/** Below this a ratio says nothing: a small file of zeros is no bomb. */
export const MIN_RATIO_BYTES = 1_048_576;

/** Throws OptionsError. */
export function resolveLimits(limits: ArchiveLimits): Required<ArchiveLimits> {
  for (const [name, value] of Object.entries(limits))
    if (!Object.hasOwn(DEFAULT_LIMITS, name) || !(typeof value === 'number' && value >= 1))
      throw new OptionsError(
        `Expected the limits of an archive to be \`maxEntries\`, \`maxBytes\` and \`maxRatio\`, each a number from 1, got ${name}: ${String(value)}.`,
      );
  return { ...DEFAULT_LIMITS, ...limits };
}
