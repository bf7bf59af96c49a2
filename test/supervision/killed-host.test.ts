import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readProcessTableNow } from '../../src/processes/table.js';
import { descendantsOf } from '../../src/processes/tree.js';
import { testEnv } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { firstLine } from '../support/first-line.js';
import { awaitGone } from '../support/process-alive.js';

const linux = { skip: process.platform === 'linux' ? false : 'processes are read from /proc' };
const program = fileURLToPath(new URL('../fixtures/hosts/supervising-host.js', import.meta.url));

for (const [state, processes] of [
  ['starting', 1],
  ['ready', 1],
  ['waiting', 0],
  ['reloading', 2],
  ['draining', 2],
  ['idle', 0],
  ['failed', 0],
  ['not-serving', 1],
  ['stopping', 1],
  ['pool', 3],
] as const) {
  test(`a host that is killed in the state ${state} leaves no plugin`, linux, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kh-'));
    const host = spawn(process.execPath, [program, state, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: testEnv(),
    });
    assert.equal(await within(20_000, state, firstLine(host.stdout)), state);
    const left = descendantsOf(host.pid as number, readProcessTableNow());
    assert.equal(left.length, processes);
    host.kill('SIGKILL');
    await once(host, 'exit');
    for (const { pid } of left) await awaitGone(pid);
    rmSync(directory, { recursive: true });
  });
}
