import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
};

/** A user's project, with the packed package, its peers and nothing but its declared dependencies. */
export interface PackedProject {
  readonly directory: string;
}

const peers = Object.keys(manifest.peerDependencies).filter((name) => name !== 'esbuild');
const needed = [...Object.keys(manifest.dependencies), ...peers, '@types/node'];

/** Packs the repository into a project in a directory of its own, which the caller removes. */
export async function packedProject(): Promise<PackedProject> {
  const directory = await mkdtemp(join(tmpdir(), 'project'));
  const target = join(directory, 'node_modules/rxplug');
  await mkdir(target, { recursive: true });
  const npm = ['pack', '--json', '--ignore-scripts', '--pack-destination', directory];
  const { stdout } = await run('npm', npm, { cwd: root, env: testEnv({ npm_config_loglevel: 'error' }) });
  const [pack] = JSON.parse(stdout) as { filename: string }[];
  assert.ok(pack !== undefined);
  await run('tar', ['-xzf', join(directory, pack.filename), '-C', target, '--strip-components=1']);
  for (const name of needed) await link(directory, name);
  return { directory };
}

async function link(directory: string, name: string): Promise<void> {
  const target = join(directory, 'node_modules', name);
  await mkdir(dirname(target), { recursive: true });
  await symlink(join(root, 'node_modules', name), target, 'junction');
}
