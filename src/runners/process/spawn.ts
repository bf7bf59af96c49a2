import { type ChildProcess, spawn } from 'node:child_process';
import type { VerifiedFile } from '../secure/verified-file.js';

/** How to spawn a plugin's process. */
export interface SpawnPluginOptions {
  readonly command: readonly [file: string, ...args: string[]];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  /** The child leads a session and a process group of its own. */
  readonly ownGroup: boolean;
  /** The program's file, open since its checksum was verified: that file is run, where the system can run an open file. */
  readonly verified?: VerifiedFile | undefined;
}

/** Spawns a plugin: stdin inherited, stdout and stderr piped. The outcome is told by the child's events `spawn` and `error`. */
export function spawnPlugin({ command, cwd, env, ownGroup, verified }: SpawnPluginOptions): ChildProcess {
  const [file, ...args] = command;
  const checked = verified?.spawning();
  return spawn(checked?.file ?? file, args, {
    ...(cwd === undefined ? {} : { cwd }),
    argv0: file,
    env,
    stdio: ['inherit', 'pipe', 'pipe', ...(checked?.inherit === undefined ? [] : [checked.inherit])],
    detached: ownGroup,
    windowsHide: true,
  });
}
