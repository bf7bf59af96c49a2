/** A plugin in TypeScript, in a user's project that runs it with tsx. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ReattachConfig } from '../../src/index.js';
import { testEnv } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { firstLine } from '../support/first-line.js';
import { NO_REGISTRY, npmInstall } from '../support/npm-install.js';
import { awaitGone } from '../support/process-alive.js';

const host = fileURLToPath(new URL('../fixtures/hosts/starts-plugins.js', import.meta.url));
const serves = new URL('../fixtures/plugins/serves.js', import.meta.url).href;
const onLinux = { skip: process.platform === 'linux' ? false : 'process tables are read from /proc' };

test('npx tsx plugin.ts: plugin, npx, tsx and the children end with a host that was killed', onLinux, async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'tsx'));
  t.after(() => rmSync(cwd, { recursive: true }));
  if (!(await npmInstall(cwd, { tsx: '^4' }))) return t.skip(NO_REGISTRY);
  writeFileSync(join(cwd, 'plugin.ts'), `const plugin: string = '${serves}';\nawait import(plugin);\n`);
  const children = join(cwd, 'pids');
  const wanted = [{ project: { cwd, command: ['npx', 'tsx', 'plugin.ts'] }, behaviour: { children } }];
  // tsx keeps a cache in the directory for temporary files.
  const running = spawn(process.execPath, [host, JSON.stringify(wanted)], {
    env: testEnv({ TMPDIR: cwd }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [config] = JSON.parse(await firstLine(running.stdout)) as readonly ReattachConfig[];
  const pids = JSON.parse(readFileSync(children, 'utf8')) as [plugin: number, near: number, far: number];
  const npx = config!.pid!;
  const tsx = parentOf(pids[0]);
  assert.ok(npx !== pids[0] && tsx !== npx, 'two wrappers');
  running.kill('SIGKILL');
  await once(running, 'exit');
  for (const pid of [...pids, tsx, npx]) await awaitGone(pid, 20_000);
  const removed = async () => {
    while (existsSync(dirname(config!.address))) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await within(20_000, 'the end of the directory', removed());
});

function parentOf(pid: number): number {
  const [, parent] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(parent);
}
