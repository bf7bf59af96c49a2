import type { CommandContext } from '@stricli/core';
import type { OutputStream, StoreCliContext } from './store-context.js';

/** What a command uses of its process. */
export interface CliContext extends CommandContext, StoreCliContext {
  readonly process: {
    readonly stdout: OutputStream;
    readonly stderr: OutputStream;
    readonly env: Readonly<Partial<Record<string, string>>>;
    exitCode?: number | string | null;
  };
}
