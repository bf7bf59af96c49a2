import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { firstLine } from '../../support/first-line.js';
import type { HostDriver } from '../driver.js';
import { callBack, dialing, untilBothWait } from './brokered.js';
import { configOf, hosted, type Pairing } from './pairing.js';
import { untilGone } from './processes.js';

const WAITING_HOST = fileURLToPath(new URL('../waiting-host.js', import.meta.url));

/** What becomes of plugins whose host dies. go-plugin: a Go plugin notices it only over the session of a multiplexed connection. */
export function deadHostSuite(pairing: Pairing): void {
  const multiplexed = pairing.config?.multiplex === true;
  if (pairing.plugin === 'go' && !multiplexed) return;
  hosted(
    pairing,
    `${multiplexed ? 'M-16 ' : ''}a plugin ends when its host is killed while both wait for an id`,
    async (host, tempDir) => {
      const pid = pairing.host === 'go' ? await killGo(pairing, host) : await killOurs(pairing, tempDir);
      await untilGone(pid);
      if (pairing.plugin === 'ours') assert.deepEqual(await readdir(tempDir), []);
    },
  );
}

/** Resolves with the plugin's pid. */
async function killGo(pairing: Pairing, host: HostDriver): Promise<number> {
  const client = await host.create(await configOf(pairing));
  const { id } = await client.start();
  const probe = await client.dispense('probe');
  const waits = [assert.rejects(dialing(probe, 4242)), assert.rejects(callBack(probe, 4243, 'nobody'))];
  await untilBothWait(probe, pairing.config?.multiplex === true);
  process.kill(host.pid, 'SIGKILL');
  await Promise.all(waits);
  return Number(id);
}

/** The same with a host of ours in a process of its own. */
async function killOurs(pairing: Pairing, tempDir: string): Promise<number> {
  const config = JSON.stringify(await configOf(pairing));
  const host = spawn(process.execPath, [WAITING_HOST, tempDir, config], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: tempDir },
  });
  const closed = once(host, 'close');
  try {
    return Number(await firstLine(host.stdout));
  } finally {
    host.kill('SIGKILL');
    await closed;
  }
}
