type Step = () => unknown;

/** What has to be undone, in reverse order of its making. */
export class Teardown {
  readonly #steps: Step[] = [];
  #running: Promise<void> | undefined;

  /** Remembers how to undo what has just been made. */
  add(step: Step): void {
    this.#steps.push(step);
  }

  /** Undoes everything, also when a step fails; rejects with the first failure. Idempotent. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Undoes everything when `make` fails; its error wins. */
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
