import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { waiting } from '../support/waiting.js';

/** The repository's root; tests run from `dist/`. */
export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

const BUILD_LIMIT_MS = 280_000;
const LOCK_POLL_MS = 100;

let goVersion: string | undefined;

/**
 * The options of a test that needs a Go toolchain: skipped with a message where there is none. Under CI=true a missing Go is a
 * failure.
 */
export function needsGo(): { readonly skip: string | false } {
  if (version() !== '') return { skip: false };
  if (process.env['CI'] === 'true') throw new Error('Go is not installed, and CI=true: the real peers must be tested.');
  return { skip: 'Go is not installed: the real peers cannot be built.' };
}

function version(): string {
  if (goVersion !== undefined) return goVersion;
  try {
    goVersion = execFileSync('go', ['version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    goVersion = '';
  }
  return goVersion;
}

/**
 * Builds programs of a Go module, once per state of its sources, into the module's git-ignored `.bin/`, and resolves with the
 * directory that holds them. `module` is the module's directory, relative to the repository; `programs` are folders in it; `flags` are
 * those of `go build`. Concurrent callers, in other processes too, wait for each other.
 */
export async function buildGo(
  module: string,
  programs: readonly string[],
  flags: readonly string[] = [],
): Promise<string> {
  const directory = join(REPOSITORY, module);
  const cache = join(directory, '.bin');
  const target = join(cache, fingerprint(directory, [...flags, ...programs]));
  mkdirSync(cache, { recursive: true });
  if (isDirectory(target)) return target;
  const what = `Building ${programs.join(', ')} of ${module} in Go, which the first time takes a while`;
  return waiting(what, buildOnce({ directory, programs, flags, target, cache }));
}

interface GoBuild {
  readonly directory: string;
  readonly programs: readonly string[];
  readonly flags: readonly string[];
  readonly target: string;
  readonly cache: string;
}

async function buildOnce({ directory, programs, flags, target, cache }: GoBuild): Promise<string> {
  const unlock = await lock(join(cache, `lock-${programs.join('-').replaceAll('/', '_')}`));
  try {
    if (!isDirectory(target)) await build(directory, programs, flags, target);
  } finally {
    unlock();
  }
  return target;
}

async function build(
  directory: string,
  programs: readonly string[],
  flags: readonly string[],
  target: string,
): Promise<void> {
  const unfinished = `${target}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const packages = programs.map((program) => `./${program}`);
  await promisify(execFile)('go', ['build', '-trimpath', ...flags, '-o', `${unfinished}/`, ...packages], {
    cwd: directory,
    timeout: BUILD_LIMIT_MS,
  });
  renameSync(unfinished, target);
}

/** Names a state of the sources: every Go file's content, the module files, the toolchain, and what is built how. */
function fingerprint(directory: string, wanted: readonly string[]): string {
  const hash = createHash('sha256').update(`${version()}\0${wanted.join('\0')}`);
  const files = filesBelow(directory)
    .filter((file) => /\.(go|mod|sum)$/.test(file))
    .sort();
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(directory, file)));
  return hash.digest('hex').slice(0, 16);
}

/** Paths below a directory, without `.bin`: there others build at the same time, and what was just there is gone. */
function filesBelow(directory: string, path = ''): string[] {
  const entries = readdirSync(join(directory, path), { withFileTypes: true });
  return entries
    .filter(({ name }) => name !== '.bin')
    .flatMap((entry) => {
      const below = join(path, entry.name);
      return entry.isDirectory() ? filesBelow(directory, below) : [below];
    });
}

/** A directory as a lock: its creation is atomic everywhere. A lock whose owner is gone is broken. */
async function lock(path: string): Promise<() => void> {
  const deadline = Date.now() + BUILD_LIMIT_MS;
  while (!tryLock(path)) {
    if (!isAlive(path)) rmSync(path, { recursive: true, force: true });
    else if (Date.now() > deadline) throw new Error(`${path} is still locked after ${BUILD_LIMIT_MS} ms.`);
    else await delay(LOCK_POLL_MS);
  }
  return () => rmSync(path, { recursive: true, force: true });
}

function tryLock(path: string): boolean {
  try {
    mkdirSync(path);
    writeFileSync(join(path, 'pid'), String(process.pid));
    return true;
  } catch {
    return false;
  }
}

/** A lock younger than a moment may not have its owner's pid yet. */
function isAlive(path: string): boolean {
  try {
    const pid = Number(readFileSync(join(path, 'pid'), 'utf8'));
    if (pid > 0) return process.kill(pid, 0);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'ENOENT' && isDirectory(path) && Date.now() - statSync(path).mtimeMs < 10_000;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
