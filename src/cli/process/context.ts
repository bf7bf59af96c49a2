import type { Readable } from 'node:stream';
import type { CommandContext } from '@stricli/core';

/** What a command uses of its process. Tests give their own. */
export interface CliContext extends CommandContext {
  readonly process: {
    readonly stdout: { write(text: string): unknown };
    readonly stderr: { write(text: string): unknown };
    exitCode?: number | string | null;
  };
  readonly stdin: Readable;
  /** What follows the first `--`: the plugin's command line. */
  readonly pluginCommand: readonly string[];
}
