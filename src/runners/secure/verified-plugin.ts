import type { CommandOptions } from '../diagnose/locate.js';

/** A command, with the arguments of its program. */
export interface VerifiedCommand extends CommandOptions {
  readonly args: readonly string[];
}

/** How to spawn a plugin whose checksum was verified. */
export interface VerifiedSpawn {
  readonly command: readonly [file: string, ...args: string[]];
  /** The program's own name for itself. */
  readonly argv0: string;
  /** A descriptor that the child inherits as its descriptor 3. */
  readonly inherit?: number;
  /** What the author of a plugin needs to know that ended before its handshake. */
  readonly note?: string;
}

/** A plugin whose checksum was verified. Its file stays open until it is closed. */
export interface VerifiedPlugin {
  readonly spawn: VerifiedSpawn;
  /** The file that was checked, and its descriptor; undefined where it was a directory. */
  readonly file?: { readonly path: string; readonly descriptor: number };
  close(): Promise<void>;
}
