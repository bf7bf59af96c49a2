export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Something a peer may do at will up to a burst and then at a rate: the measure against floods that cost us more than the peer. */
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

  /** Takes one; false when the budget is spent. The clock is read only when it seems to be. */
  spend(): boolean {
    if (this.#left < 1) this.#refill();
    this.#left -= 1;
    return this.#left >= 0;
  }

  /** Gives one back for something that went as it should: who mostly behaves may do more. */
  earn(): void {
    if (this.#left < this.#burst) this.#left += 1;
  }

  #refill(): void {
    const now = performance.now();
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#countedFrom) * this.#perSecond) / 1000);
    this.#countedFrom = now;
  }
}
