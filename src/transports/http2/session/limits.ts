import type { ResolvedHttp2Options } from '../options.js';
import type { Rate } from './rate-budget.js';

/**
 * Streams that the peer may break off, or make us break off: each costs us the work on it (CVE-2023-44487, CVE-2025-8671). One that ends
 * well allows for another that does not.
 */
export const BREAKAGES: Rate = { burst: 10_000, perSecond: 1000 };

/** Frames that are legal, cost us something and carry nothing. */
export const NOISE: Rate = { burst: 10_000, perSecond: 1000 };

/** Answers (to PING, SETTINGS, broken streams) that may wait for a peer who does not read. */
export const MAX_WAITING_ANSWERS = 10_000;

const LEAST_BLOCK_BYTES = 64 * 1024;

/** A header block may be larger than the list that is accepted: such a list costs its stream only. */
export function maxHeaderBlockBytes({ maxHeaderListBytes }: ResolvedHttp2Options): number {
  return Math.max(LEAST_BLOCK_BYTES, 4 * maxHeaderListBytes);
}
