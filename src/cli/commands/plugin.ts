import { runStore } from '../plugin/run-store.js';
import type { CliContext } from '../process/context.js';
import { reporting } from '../process/failure.js';

/** `rxplug plugin …`: what follows is for `rxplug-store`. */
export const plugin = reporting(async function (this: CliContext): Promise<void> {
  this.process.exitCode = await runStore(this.storeCommand);
});
