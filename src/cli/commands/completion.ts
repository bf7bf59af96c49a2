import { SCRIPTS, type Shell } from '../completion/scripts.js';
import type { CliContext } from '../process/context.js';

/** `rxplug completion SHELL`: prints what the shell is to read. */
export function completion(this: CliContext, _flags: Readonly<Record<never, never>>, shell: Shell): void {
  this.process.stdout.write(SCRIPTS[shell]);
}
