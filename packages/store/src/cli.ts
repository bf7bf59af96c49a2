import { proposeCompletions, run as runApplication } from '@stricli/core';
import { app } from './cli/app.js';
import type { CliContext } from './cli/context.js';
import { ExitCode } from './cli/failure.js';
import type { StoreCliContext } from './cli/store-context.js';

export type { OutputStream, StoreCliContext } from './cli/store-context.js';

/** As `rxplug` has it: what follows is to be completed. */
const COMPLETE = '__complete';

/**
 * Runs a command of `rxplug plugin`: `args` is what follows. Resolves with the exit code: 0, 1 for a plugin, a key or a signature that is
 * not what it should be, 2 for wrong arguments, 3 for a source that cannot be reached. Never rejects for what a command has failed of.
 *
 * @example
 * ```ts
 * process.exitCode = await run(['install'], { ...process, cwd: process.cwd() });
 * ```
 */
export async function run(args: readonly string[], context: StoreCliContext): Promise<number> {
  const { stdin, stdout, stderr, env, cwd } = context;
  const own: CliContext = {
    stdin,
    stdout,
    stderr,
    env,
    cwd,
    process: { stdout, stderr, env: env as Record<string, string> },
  };
  if (args[0] === COMPLETE) {
    for (const { completion } of await proposeCompletions(app, args.slice(1), own)) stdout.write(`${completion}\n`);
    return ExitCode.good;
  }
  await runApplication(app, args, own);
  const code = Number(own.process.exitCode ?? ExitCode.good);
  // stricli's codes are negative for what the user typed wrong.
  return code < 0 ? ExitCode.usage : code;
}
