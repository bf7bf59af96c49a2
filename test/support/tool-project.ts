import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';
import { withCertificates } from './extra-certificates.js';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A user's project: the packed package and tools from the registry, the programs of `test/fixtures/tools`, and generated code. */
export interface ToolProject {
  readonly directory: string;
  /** The environment of its programs. */
  readonly env: Record<string, string>;
  /** Runs a program in a folder of the project, and resolves with what it prints. Node's arguments go before the file. */
  readonly run: (folder: string, file: string, ...args: readonly string[]) => Promise<string>;
  /** The file that a package's command runs. */
  readonly bin: (path: string) => string;
}

/**
 * Makes a project in a directory of its own, which the caller removes, and in which nobody else can write. Undefined where npm cannot
 * install; rejects then where CI is set.
 */
export async function toolProject(packages: readonly string[]): Promise<ToolProject | undefined> {
  const directory = await realpath(await mkdtemp(join(homedir(), '.rxplug-tools-')));
  const temporary = join(directory, 't');
  await mkdir(temporary);
  const path = [join(directory, 'node_modules/.bin'), join(root, 'node_modules/.bin'), process.env['PATH']];
  const env = testEnv({ TMPDIR: temporary, PATH: path.join(delimiter), npm_config_loglevel: 'error', NO_COLOR: '1' });
  const project: ToolProject = {
    directory,
    env,
    bin: (file) => join(directory, 'node_modules', file),
    run: async (folder, file, ...args) => {
      const { stdout } = await execute(file, args, { cwd: join(directory, folder), env, timeout: 120_000 });
      return stdout;
    },
  };
  await cp(join(root, 'test/fixtures/tools'), directory, { recursive: true });
  const [pack] = JSON.parse(await packInto(directory, env)) as { filename: string }[];
  const npm = ['install', '--no-audit', '--no-fund', '--ignore-scripts', `./${pack?.filename}`, ...packages];
  try {
    await execute('npm', npm, { cwd: directory, env: withCertificates(env), timeout: 120_000 });
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error;
    return undefined;
  }
  return project;
}

async function packInto(directory: string, env: Record<string, string>): Promise<string> {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', directory];
  return (await execute('npm', args, { cwd: root, env })).stdout;
}

/** Generates code for an example's .proto file into a folder of the project, by the folder's own buf.gen.yaml. */
export async function generate(project: ToolProject, folder: string, example = 'greeter'): Promise<void> {
  const proto = join(project.directory, folder, 'proto');
  await mkdir(proto);
  await cp(join(root, `proto/examples/${example}.proto`), join(proto, `${example}.proto`));
  await project.run(folder, 'buf', 'generate');
}

/** The compiler of the repository, for a folder of the project: its arguments for Node. */
export const tsc = join(root, 'node_modules/typescript/bin/tsc');
