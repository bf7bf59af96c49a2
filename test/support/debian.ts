import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from '../conformance/build-go.js';

const LIMIT_MS = 120_000;

/**
 * The files of Debian packages, unpacked into a git-ignored folder, once; nothing is installed. Undefined where they cannot be had; under
 * CI=true that is a failure. Concurrent callers may both download: the first one's folder stays.
 */
export async function debianFiles(...packages: readonly string[]): Promise<string | undefined> {
  const cache = join(REPOSITORY, 'test/.bin');
  const target = join(cache, `debian-${packages.join('-')}`);
  if (existsSync(target)) return target;
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'download-'));
  try {
    const run = promisify(execFile);
    await run('apt-get', ['download', ...packages], { cwd: directory, timeout: LIMIT_MS });
    for (const file of readdirSync(directory)) await run('dpkg', ['-x', file, 'files'], { cwd: directory });
    if (!existsSync(target)) renameSync(join(directory, 'files'), target);
    return target;
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return undefined;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
