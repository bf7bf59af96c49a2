import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { needsGo, REPOSITORY } from '../conformance/build-go.js';

/**
 * A program of somebody else's Go module, built once into a git-ignored folder: its path, or why it cannot be had. Under CI=true that is an
 * error.
 */
export async function goProgram(module: string, version: string): Promise<string | { readonly missing: string }> {
  const { skip } = needsGo();
  if (skip !== false) return { missing: skip };
  const directory = join(REPOSITORY, 'test/conformance/go/.bin', `${module.replaceAll('/', '_')}@${version}`);
  const program = join(directory, module.slice(module.lastIndexOf('/') + 1));
  if (existsSync(program)) return program;
  try {
    const env = { ...process.env, GOBIN: directory };
    await promisify(execFile)('go', ['install', `${module}@${version}`], { env, timeout: 300_000 });
    return program;
  } catch (cause) {
    if (process.env['CI'] === 'true') throw cause;
    return { missing: `${module} could not be built: ${(cause as Error).message.slice(0, 500)}` };
  }
}
