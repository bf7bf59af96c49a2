import { type ChildProcess, spawn } from 'node:child_process';
import type { VerifiedSpawn } from '../secure/verified-plugin.js';

/** How to spawn a plugin's process. */
export interface SpawnPluginOptions {
  readonly command: readonly [file: string, ...args: string[]];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  /** The child leads a session and a process group of its own. */
  readonly ownGroup: boolean;
  /** How to run what was verified, instead of the command. */
  readonly verified?: VerifiedSpawn | undefined;
  /** @default 'inherit' */
  readonly stdin?: 'inherit' | 'ignore' | undefined;
}

/** Spawns a plugin: stdin inherited or empty, stdout and stderr piped. The outcome is an event of the child: `spawn` or `error`. */
export function spawnPlugin({
  command,
  cwd,
  env,
  ownGroup,
  verified,
  stdin = 'inherit',
}: SpawnPluginOptions): ChildProcess {
  const { command: words, argv0, inherit } = verified ?? { command, argv0: command[0], inherit: undefined };
  const [file, ...args] = words;
  return spawn(file, args, {
    ...(cwd === undefined ? {} : { cwd }),
    argv0,
    env,
    stdio: [stdin, 'pipe', 'pipe', ...(inherit === undefined ? [] : [inherit])],
    detached: ownGroup,
    windowsHide: true,
  });
}
