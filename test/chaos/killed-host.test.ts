import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { testEnv } from '../fixtures/fixture.js';
import { firstLine } from '../support/first-line.js';
import { bounded, watchEverything } from './chaos.js';

interface Stand {
  readonly pid: number;
  readonly socketDir: string;
}

const assertNothingLeft = watchEverything();
const script = fileURLToPath(new URL('../fixtures/hosts/stops-at-state.js', import.meta.url));

const states = [
  'starting/launching',
  'starting/shaking-hands',
  'starting/connecting',
  'running',
  'calling',
  'stopping',
];
for (const state of states) {
  test(`kill -9 of the host in the state ${state}: its plugin ends, and nothing is left of either`, async () => {
    const host = spawn(process.execPath, [script, state], { env: testEnv(), stdio: ['ignore', 'pipe', 'inherit'] });
    const { pid, socketDir } = JSON.parse(await bounded('the state', firstLine(host.stdout))) as Stand;
    assert.equal(existsSync(socketDir), true);
    host.kill('SIGKILL');
    await once(host, 'close');
    await assertNothingLeft(pid);
  });
}
