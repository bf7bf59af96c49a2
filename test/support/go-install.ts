import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from '../conformance/build-go.js';

const LIMIT_MS = 580_000;

/**
 * A program that `go install` builds of a published module, kept in a git-ignored folder. Undefined where it cannot be had; under CI=true
 * that is a failure.
 */
export async function goInstall(program: string, version: string): Promise<string | undefined> {
  const cache = join(REPOSITORY, 'test/.bin');
  const name = program.slice(program.lastIndexOf('/') + 1);
  const target = join(cache, `${name}@${version}`);
  if (existsSync(target)) return join(target, name);
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'go-'));
  try {
    const env = { ...process.env, GOBIN: directory, GOFLAGS: '' };
    await promisify(execFile)('go', ['install', `${program}@${version}`], { env, timeout: LIMIT_MS });
    if (!existsSync(target)) renameSync(directory, target);
    return join(target, name);
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return undefined;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
