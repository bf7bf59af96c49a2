import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { buildSync } from 'esbuild';
import { within } from './defer.js';

const run = promisify(execFile);
const LIMIT_MS = 60_000;

/** Where programs are in the image of `importImage`. */
export const IN_IMAGE = { node: process.execPath, bundle: '/plugin.mjs', noProgram: '/not-a-program' };

/**
 * The options of a test that needs podman: skipped with a message where it cannot be. RXPLUG_CONTAINERS=required, which CI sets once
 * it has installed podman, makes a failure of that.
 */
export function needsPodman(): { readonly skip: string | false } {
  const missing = whatIsMissing();
  if (missing !== undefined && process.env['RXPLUG_CONTAINERS'] === 'required') throw new Error(missing);
  return { skip: missing ?? false };
}

function whatIsMissing(): string | undefined {
  if (process.platform !== 'linux') return 'Containers are tested on Linux only.';
  if (process.getuid?.() !== 0) return 'Only root can give podman a storage of its own: containers are not tested.';
  for (const program of ['podman', 'runc', 'conmon']) {
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore' });
    } catch {
      return `${program} is not installed (apt-get install podman runc): containers are not tested.`;
    }
  }
  return undefined;
}

/** An engine of the test's own, with a storage of its own, behind a socket of its own. */
export class Podman implements AsyncDisposable {
  readonly socketPath: string;
  readonly #directory: string;
  readonly #service: ChildProcess;

  private constructor(directory: string, socketPath: string, service: ChildProcess) {
    this.#directory = directory;
    this.socketPath = socketPath;
    this.#service = service;
  }

  static async start(): Promise<Podman> {
    const directory = mkdtempSync(join(tmpdir(), 'p'));
    const socketPath = join(directory, 's');
    const service = spawn(
      'podman',
      [...storageIn(directory), '--log-level=info', 'system', 'service', '--time', '0', `unix://${socketPath}`],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    await within(LIMIT_MS, 'the start of the engine', listening(service));
    return new Podman(directory, socketPath, service);
  }

  /** Runs podman on the same storage. */
  async podman(...args: string[]): Promise<string> {
    const { stdout } = await run('podman', [...storageIn(this.#directory), ...args], { timeout: LIMIT_MS });
    return stdout.trim();
  }

  /** Names of all containers, running or not. */
  async containers(): Promise<readonly string[]> {
    return (await this.podman('ps', '--all', '--format', '{{.Names}}')).split('\n').filter((name) => name !== '');
  }

  /** An image from files of this machine alone: programs with their libraries, and a bundle of one of our own programs. */
  async importImage(name: string, programs: readonly string[], script: string): Promise<void> {
    const root = join(this.#directory, 'image');
    mkdirSync(join(root, 'tmp'), { recursive: true });
    bundle(script, join(root, IN_IMAGE.bundle));
    writeFileSync(join(root, IN_IMAGE.noProgram), 'neither a program nor a script\n', { mode: 0o755 });
    const files = [...new Set(programs.flatMap((program) => [program, ...librariesOf(program)]))];
    const tar = join(this.#directory, 'image.tar');
    const relative = files.map((file) => file.slice(1));
    await run('tar', [
      '-chf',
      tar,
      '-C',
      '/',
      ...relative,
      '-C',
      root,
      'tmp',
      IN_IMAGE.bundle.slice(1),
      IN_IMAGE.noProgram.slice(1),
    ]);
    await this.podman('import', tar, name);
    rmSync(tar);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.podman('rm', '--all', '--force', '--time', '0');
    const exit = once(this.#service, 'exit');
    this.#service.kill('SIGTERM');
    await within(LIMIT_MS, 'the end of the engine', exit);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Nothing of the machine's own storage, no mounts that outlive the test, cgroups without systemd. */
function storageIn(directory: string): string[] {
  const at = (name: string) => join(directory, name);
  return [
    '--runtime=runc',
    '--storage-driver=vfs',
    '--cgroup-manager=cgroupfs',
    '--events-backend=file',
    `--root=${at('root')}`,
    `--runroot=${at('run')}`,
    `--tmpdir=${at('tmp')}`,
  ];
}

function listening(service: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    service.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-10_000);
      if (said.includes('API service listening')) resolve();
    });
    service.once('error', reject);
    service.once('exit', (code) => reject(new Error(`podman ended with ${code}: ${said}`)));
  });
}

/** What the loader loads for a program, by absolute path; nothing for a static one. */
function librariesOf(program: string): string[] {
  try {
    const text = execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return [...text.matchAll(/(?:=> |^\s+)(\/\S+) \(/gm)].map((match) => match[1]!);
  } catch {
    return [];
  }
}

/** One file with everything that the program imports. */
function bundle(script: string, outfile: string): void {
  mkdirSync(dirname(outfile), { recursive: true });
  const js = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  buildSync({ entryPoints: [script], outfile, bundle: true, platform: 'node', format: 'esm', banner: { js } });
}
