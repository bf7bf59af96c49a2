import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from '../conformance/build-go.js';
import { waiting } from './waiting.js';

const EXAMPLE = join(REPOSITORY, 'examples/python');
const INSTALL_LIMIT_MS = 280_000;
const NEEDED = 'Python 3.11 or newer, with pip';

/** What the tests of the plugin in Python need: why they are skipped, or the environment in which its modules are found. */
export interface PythonSetup {
  readonly skip: string | false;
  readonly env: { readonly PYTHONPATH?: string };
}

/**
 * Installs what the example in Python needs, and generates its code, once for each state of its requirements and protos, into the
 * git-ignored `.python/` of the repository. Without Python, pip or a registry the tests are skipped; under CI=true this rejects.
 */
export async function setUpPython(): Promise<PythonSetup> {
  try {
    await promisify(execFile)('python3', ['-c', 'import sys, pip; sys.exit(sys.version_info < (3, 11))']);
  } catch (cause) {
    return missing(`${NEEDED} is not installed: the plugin in Python cannot be run.`, cause);
  }
  const cache = join(REPOSITORY, '.python');
  const target = join(cache, fingerprint());
  try {
    mkdirSync(cache, { recursive: true });
    if (!existsSync(target)) await waiting('Installing the packages of the plugin in Python', install(cache, target));
  } catch (cause) {
    return missing('The packages of the plugin in Python could not be installed by pip.', cause);
  }
  return { skip: false, env: { PYTHONPATH: [target, join(target, 'gen'), EXAMPLE].join(delimiter) } };
}

function missing(why: string, cause: unknown): PythonSetup {
  if (process.env['CI'] === 'true') throw new Error(`${why} With CI=true it must be tested.`, { cause });
  return { skip: why, env: {} };
}

async function install(cache: string, target: string): Promise<void> {
  const unfinished = mkdtempSync(join(cache, 'unfinished-'));
  const python = async (args: readonly string[]) =>
    promisify(execFile)('python3', args, {
      env: { ...process.env, PYTHONPATH: unfinished },
      timeout: INSTALL_LIMIT_MS,
    });
  try {
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-compile'];
    const requirements = join(EXAMPLE, 'requirements.txt');
    await python(['-m', 'pip', 'install', ...quiet, '--target', unfinished, '-r', requirements]);
    await python([join(EXAMPLE, 'generate.py'), join(unfinished, 'gen')]);
    renameSync(unfinished, target);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function fingerprint(): string {
  const hash = createHash('sha256').update(execFileSync('python3', ['--version']));
  const internal = ['grpc_broker', 'grpc_controller', 'grpc_stdio'].map(
    (name) => `proto/internal/plugin/${name}.proto`,
  );
  const protos = [...internal, 'proto/grpc/health/v1/health.proto', 'proto/examples/merge.proto'];
  for (const file of ['examples/python/requirements.txt', 'examples/python/generate.py', ...protos])
    hash.update(readFileSync(join(REPOSITORY, file)));
  return hash.digest('hex').slice(0, 16);
}
