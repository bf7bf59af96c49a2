type Step = () => unknown;

/** Steps that undo what was made, to be run in reverse order. */
export class Teardown {
  readonly #steps: Step[] = [];
  #running: Promise<void> | undefined;

  /** Registers how to undo what was just made. */
  add(step: Step): void {
    this.#steps.push(step);
  }

  /** Runs all steps, also when one fails; rejects with the first failure. Idempotent. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Runs all steps when `make` fails, and rejects with its error. */
  async guard<T>(make: () => Promise<T>): Promise<T> {
    try {
      return await make();
    } catch (error) {
      await this.run().catch(() => {});
      throw error;
    }
  }

  async #run(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
