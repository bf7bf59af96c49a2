import type { ResolvedHttp2Options } from './options.js';

export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * Streams that we reset for an error of the peer: each costs the work on it (CVE-2025-8671). A stream that ends normally allows for one
 * more. Streams that the peer resets are not counted, because `take(1)`, `switchMap` and deadlines reset any number of them; what bounds
 * their cost is the number of handlers that run (CVE-2023-44487).
 */
export const STREAM_ERROR_BUDGET: Rate = { burst: 10_000, perSecond: 1000 };

/** Frames that are legal, cost some work and contain nothing. */
export const EMPTY_FRAME_BUDGET: Rate = { burst: 10_000, perSecond: 1000 };

/** Answers (to PING, SETTINGS, refused streams) that may be queued for a peer that does not read. */
export const MAX_QUEUED_ANSWERS = 10_000;

const MIN_BLOCK_BYTES = 64 * 1024;

/** A header block may be larger than the list that is accepted: too long a list is an error of its stream only. */
export function maxHeaderBlockBytes({ maxHeaderListBytes }: ResolvedHttp2Options): number {
  return Math.max(MIN_BLOCK_BYTES, 4 * maxHeaderListBytes);
}

/** How often a peer may do something: a burst, and then a rate. */
export class RateBudget {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #countedFrom = performance.now();

  constructor({ burst, perSecond }: Rate) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
  }

  /** Takes one; false when the budget is spent. Reads the clock only when it seems to be. */
  spend(): boolean {
    if (this.#left < 1) this.#refill();
    this.#left -= 1;
    return this.#left >= 0;
  }

  /** Gives one back. */
  earn(): void {
    if (this.#left < this.#burst) this.#left += 1;
  }

  #refill(): void {
    const now = performance.now();
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#countedFrom) * this.#perSecond) / 1000);
    this.#countedFrom = now;
  }
}
