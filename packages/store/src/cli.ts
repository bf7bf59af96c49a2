import type { Readable, Writable } from 'node:stream';

/** What the command line runs in: `process`, or a test's own. */
export interface StoreCliContext {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}
