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

/** Kills a host that stands still in a state, and waits for its plugin to be gone with all that was made for it. */
async function killHostIn(state: string, options: object): Promise<void> {
  const args = [script, state, JSON.stringify(options)];
  const host = spawn(process.execPath, args, { env: testEnv(), stdio: ['ignore', 'pipe', 'inherit'] });
  const { pid, socketDir } = JSON.parse(await bounded('the state', firstLine(host.stdout))) as Stand;
  assert.equal(existsSync(socketDir), true);
  host.kill('SIGKILL');
  await once(host, 'close');
  await assertNothingLeft(pid);
}

const states = ['starting/launching', 'starting/handshaking', 'starting/connecting', 'running', 'calling', 'stopping'];
for (const state of states) {
  test(`kill -9 of the host in the state ${state}: its plugin ends, and nothing is left of either`, async () => {
    await killHostIn(state, {});
  });
}

for (const state of ['running', 'calling'])
  test(`kill -9 of the host in the state ${state}, multiplexed under AutoMTLS`, async () => {
    await killHostIn(state, { autoMtls: true, grpcBrokerMultiplex: true });
  });

test('kill -9 of the host before anybody could know where its plugin is: one that was to outlive it ends too', async () => {
  await killHostIn('starting/launching', { outlivesHost: true });
});
