import type { Readable } from 'node:stream';
import type { CommandContext } from '@stricli/core';

/** Where a command prints. */
export interface OutputStream {
  write(text: string | Uint8Array): unknown;
  /** Whether a person reads it. */
  readonly isTTY?: boolean;
  /** Characters of a line, where a person reads it. */
  readonly columns?: number;
}

/** What a command uses of its process. Tests give their own. */
export interface CliContext extends CommandContext {
  readonly process: {
    readonly stdout: OutputStream;
    readonly stderr: OutputStream;
    exitCode?: number | string | null;
  };
  readonly stdin: Readable;
  /** What follows the first `--`: the plugin's command line. */
  readonly pluginCommand: readonly string[];
  /** What follows `plugin`: the command line of `rxplug-store`. */
  readonly storeCommand: readonly string[];
}
