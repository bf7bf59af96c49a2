import { execFile } from 'node:child_process';
import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { errorMessage, OptionsError } from '../errors.js';

/** A program and the Node that it is put into. */
export interface Injection {
  readonly main: string;
  /** Files by the names that the program knows. */
  readonly assets: Readonly<Record<string, string>>;
  readonly node: string;
  /** The file to be made. */
  readonly made: string;
  /** For temporary files. */
  readonly directory: string;
  /** The program's source: tools are looked up from there. */
  readonly entry: string;
}

const run = promisify(execFile);
/** It writes 100 MB. */
const LIMIT = { timeout: 120_000 } as const;

/** The mark in Node's own file that says whether it has a program; postject turns it. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Node's own way, of the version that runs. Rejects with OptionsError. */
export async function putIntoNode(injection: Injection): Promise<void> {
  const { made, node } = injection;
  try {
    await (buildsExecutables() ? buildByNode(injection) : injectByPostject(injection));
    await chmod(made, 0o755);
    if (process.platform === 'darwin') await run('codesign', ['--sign', '-', '--force', made], LIMIT);
  } catch (cause) {
    if (cause instanceof OptionsError) throw cause;
    throw new OptionsError(`The program cannot be put into ${node}: ${errorMessage(cause)}`, { cause });
  }
}

/** Node 25.5 and newer have `--build-sea`. */
function buildsExecutables(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 25 || (major === 25 && minor >= 5);
}

async function writeConfig({ main, assets, directory }: Injection, more: object): Promise<string> {
  const config = join(directory, 'sea-config.json');
  await writeFile(config, JSON.stringify({ main, assets, disableExperimentalSEAWarning: true, ...more }));
  return config;
}

async function buildByNode(injection: Injection): Promise<void> {
  const { node: executable, made: output } = injection;
  const config = await writeConfig(injection, { executable, output, mainFormat: 'commonjs' });
  await run(process.execPath, ['--build-sea', config], LIMIT);
}

/** It has no way to be silent, so it runs as a process of its own. */
async function injectByPostject(injection: Injection): Promise<void> {
  const { directory, node, made, entry } = injection;
  const postject = await findPostject(entry);
  const output = join(directory, 'blob');
  const config = await writeConfig(injection, { output });
  await run(process.execPath, ['--experimental-sea-config', config], LIMIT);
  await copyFile(node, made);
  await chmod(made, 0o755);
  if (process.platform === 'darwin') await run('codesign', ['--remove-signature', made], LIMIT);
  const names = ['--sentinel-fuse', FUSE, '--macho-segment-name', 'NODE_SEA'];
  await run(process.execPath, [postject, made, 'NODE_SEA_BLOB', output, ...names], LIMIT);
}

/** The file of its command. */
async function findPostject(entry: string): Promise<string> {
  try {
    const manifest = createRequire(entry).resolve('postject/package.json');
    const { bin } = JSON.parse(await readFile(manifest, 'utf8')) as { readonly bin: { readonly postject: string } };
    return join(dirname(manifest), bin.postject);
  } catch (cause) {
    throw new OptionsError(
      `Node ${process.versions.node} needs postject to make a single executable, and it is not installed where ${entry} is. ` +
        'Install it: npm install --save-dev postject@1.0.0-alpha.6. Node 25.5 and newer need nothing.',
      { cause },
    );
  }
}
