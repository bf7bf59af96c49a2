import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildSync } from 'esbuild';
import { waiting } from '../waiting.js';
import { output, type TestEngine } from './engine.js';

/** Paths in an image made by `importImage`. Programs have the same path as on this machine. */
export const IN_IMAGE = { bundle: '/plugin.mjs', noProgram: '/not-a-program' };

/** Makes an image from files of this machine: programs with their libraries, and one of our programs, bundled. */
export async function importImage(
  engine: Pick<TestEngine, 'run'>,
  name: string,
  programs: readonly string[],
  script: string,
): Promise<void> {
  await makeImage(engine, name, programs, (root) => {
    bundle(script, join(root, IN_IMAGE.bundle));
    writeFileSync(join(root, IN_IMAGE.noProgram), 'neither a program nor a script\n', { mode: 0o755 });
  });
}

/**
 * Makes an image from programs of this machine, at the same paths and with their libraries, and from what `fill` writes into the directory
 * that it is given, which is the root of the image.
 */
export async function makeImage(
  engine: Pick<TestEngine, 'run'>,
  name: string,
  programs: readonly string[],
  fill: (root: string) => void,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'i'));
  const root = join(directory, 'root');
  const tar = join(directory, 'image.tar');
  try {
    mkdirSync(join(root, 'tmp'), { recursive: true });
    fill(root);
    const files = [...new Set(programs.flatMap((program) => [program, ...librariesOf(program)]))];
    const theirs = [...new Set(files.flatMap(ancestorsOf)), ...files].map((file) => file.slice(1));
    // The program may be below /tmp, and an engine refuses an archive with a duplicate path.
    const own = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => !theirs.includes(file));
    const packing = output('tar', ['--no-recursion', '-chf', tar, '-C', '/', ...theirs, '-C', root, ...own], root);
    // Images have it by their base; without one podman has no PATH for the containers of a Pod.
    const change = ['--change', 'ENV PATH=/usr/local/bin:/usr/bin:/bin'];
    const importing = packing.then(() => engine.run('import', ...change, tar, name));
    await waiting(`Making the container image ${name}`, importing);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The directories above a file, outermost first. An engine creates directories that the archive lacks without access rights. */
function ancestorsOf(file: string): string[] {
  const parent = dirname(file);
  return parent === '/' ? [] : [...ancestorsOf(parent), parent];
}

/** The shared libraries of a program, by absolute path; none for a static program. */
function librariesOf(program: string): string[] {
  try {
    const text = execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return [...text.matchAll(/(?:=> |^\s+)(\/\S+) \(/gm)].map((match) => match[1]!);
  } catch {
    return [];
  }
}

/** One file with everything that the program imports. */
export function bundle(script: string, outfile: string): void {
  const js = "import { createRequire as from } from 'node:module'; const require = from(import.meta.url);";
  buildSync({
    entryPoints: [script],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js },
    logLevel: 'error',
  });
}
