import { type ChildProcess, execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { within } from '../defer.js';

/** What anything may take that an engine does, on a machine that does much else. */
export const ENGINE_LIMIT_MS = 60_000;

/** A container engine of a test's own: its storage and its socket are in a directory that goes with it. */
export interface TestEngine extends AsyncDisposable {
  readonly socketPath: string;
  /** Runs its command line: what podman and docker have in common. */
  run(...args: string[]): Promise<string>;
}

/** Why an engine cannot be run here, if so. */
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

/** Runs a program in a directory to its end and resolves with what it wrote. */
export async function output(file: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(file, args, { timeout: ENGINE_LIMIT_MS, cwd });
  return stdout.trim();
}

/** Resolves when the service has said on stderr that it listens. */
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

/** Asks a service to end, and waits for it. */
export async function terminate(service: ChildProcess): Promise<void> {
  const exit = once(service, 'exit');
  service.kill('SIGTERM');
  await within(ENGINE_LIMIT_MS, 'the end of the engine', exit);
}
