import { type ExecFileException, execFile } from 'node:child_process';
import { StartError } from '../../errors.js';
import { locate } from '../diagnose/locate.js';
import type { BwrapFeatures } from './command-line.js';
import { explainRefusal, NOT_INSTALLED, NOT_LINUX } from './explain.js';

/** A bwrap that is there. */
export interface FoundBwrap {
  readonly program: string;
  readonly features: BwrapFeatures;
}

/** Longer takes only a machine on which nothing starts. */
const TIMEOUT_MS = 10_000;
const MAX_OUTPUT_BYTES = 64 << 10;

/** Looks for bwrap and asks it what it can do. Rejects with StartError ERR_SANDBOX. */
export async function findBwrap(name: string, cwd: string, signal: AbortSignal): Promise<FoundBwrap> {
  if (process.platform !== 'linux') throw unavailable(NOT_LINUX);
  const path = process.env['PATH'];
  const program = await locate({ file: name, cwd, env: path === undefined ? {} : { PATH: path } });
  if (program === undefined) throw unavailable(NOT_INSTALLED);
  const { failed, stdout, stderr } = await run([program, '--help'], {}, signal);
  if (failed !== undefined && stdout === '') throw unavailable(await explainRefusal(stderr || failed));
  return {
    program,
    features: { disableUserns: stdout.includes('--disable-userns'), size: stdout.includes('--size') },
  };
}

/** Runs a command as the plugin is going to be run. Rejects with StartError ERR_SANDBOX, which has the words of bwrap and the cure. */
export async function tryOut(
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const { failed, stderr } = await run(command, env, signal);
  if (failed !== undefined) throw unavailable(await explainRefusal(stderr.trim() || failed));
}

interface Outcome {
  /** Why it did not end with code 0. */
  readonly failed: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(
  [file, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Outcome> {
  const limits = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES } as const;
  const outcome = await new Promise<Outcome>((resolve) => {
    execFile(file, args, { ...limits, env, signal, cwd: '/' }, (error, stdout, stderr) =>
      resolve({ failed: error === null ? undefined : describe(error), stdout, stderr }),
    );
  });
  signal.throwIfAborted();
  return outcome;
}

/** Without the whole command line, which Node's message repeats. */
function describe({ code, signal, killed, message }: ExecFileException): string {
  if (killed === true) return `nothing, and did not end within ${TIMEOUT_MS} ms`;
  return typeof code === 'number' || code === null ? `nothing, and ended with ${signal ?? `code ${code}`}` : message;
}

function unavailable(why: string): StartError {
  return new StartError(
    'ERR_SANDBOX',
    `The plugin cannot run in a sandbox here, and was not started. ${why} To run it without one all the same, with all rights of the host, ` +
      "set `whenMissing: 'warn'`.",
  );
}
