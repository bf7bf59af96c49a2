import { type ChildProcess, execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { within } from '../defer.js';

/** Time limit for each operation of an engine, on a busy machine. */
export const ENGINE_LIMIT_MS = 60_000;

/** A container engine for one test. Its storage and its socket are in a directory that is removed with it. */
export interface TestEngine extends AsyncDisposable {
  readonly socketPath: string;
  /** Its command line, up to the name of a command. */
  readonly command: readonly [string, ...string[]];
  /** Runs the command line of the engine; for commands that podman and docker share. */
  run(...args: string[]): Promise<string>;
}

/** The reason why an engine cannot run here; undefined if it can. */
export function missingFor(programs: readonly string[], packages: string): string | undefined {
  if (process.platform !== 'linux') return 'Containers are tested on Linux only.';
  if (process.getuid?.() !== 0) return 'Only root can give an engine a storage of its own: containers are not tested.';
  const missing = programs.find((program) => !isInstalled(program));
  if (missing === undefined) return undefined;
  return `${missing} is not installed (apt-get install ${packages}): containers are not tested with it.`;
}

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Runs a program in a directory and resolves with its output. */
export async function output(
  file: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const { stdout } = await promisify(execFile)(file, args, { timeout: ENGINE_LIMIT_MS, cwd, env });
  return stdout.trim();
}

/** Resolves when the text has appeared on the stderr of the service. */
export async function untilSaid(service: ChildProcess, text: string): Promise<void> {
  const said = new Promise<void>((resolve, reject) => {
    let tail = '';
    service.stderr?.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString()).slice(-10_000);
      if (tail.includes(text)) resolve();
    });
    service.once('error', reject);
    service.once('exit', (code) => reject(new Error(`the engine ended with ${code}: ${tail}`)));
  });
  await within(ENGINE_LIMIT_MS, 'the start of the engine', said);
}

/** Terminates a service and waits for its exit. */
export async function terminate(service: ChildProcess): Promise<void> {
  const exit = once(service, 'exit');
  service.kill('SIGTERM');
  await within(ENGINE_LIMIT_MS, 'the end of the engine', exit);
}
