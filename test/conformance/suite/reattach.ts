import assert from 'node:assert/strict';
import type { DrivenClient, HostDriver, Reattach } from '../driver.js';
import { ProbeDefinition } from '../gen/probe.js';
import { can, configOf, hosted, type Pairing, scenario } from './pairing.js';
import { isRunning, untilGone } from './processes.js';
import { RawPlugin } from './raw-plugin.js';

/** Clients of plugins that are already running, and clients that end together. The pairing may be over net/rpc. */
export function reattachSuite(pairing: Pairing): void {
  running(pairing);
  gone(pairing);
  if (can(pairing, 'test-mode')) testMode(pairing);
  if (can(pairing, 'managed')) managed(pairing);
}

function running(pairing: Pairing): void {
  const protocol = pairing.config?.protocol ?? 'grpc';

  hosted(pairing, 'K-08 another host reattaches, calls and stops the plugin', async (host, tempDir) => {
    const first = await host.create(await configOf(pairing));
    const { id } = await first.start();
    const config = await found(first);
    assert.deepEqual([config.protocol, String(config.pid), config.test], [protocol, id, false]);
    await using other = await pairing.startHost(tempDir);
    const client = await reattach(pairing, other, config);
    await call(pairing, client);
    await client.ping();
    await client.stop();
    assert.equal(isRunning(config.pid), false);
    await first.gone();
  });

  scenario(pairing, 'K-10 a reattached host notices the end of the plugin', async (scene) => {
    const config = await found(scene.client);
    await using other = await pairing.startHost(scene.tempDir);
    const client = await reattach(pairing, other, config);
    await client.ping();
    await scene.client.stop();
    await client.gone();
    assert.equal(await client.exited(), true);
  });

  if (protocol === 'netrpc') {
    hosted(pairing, 'K-08 reattaching without a protocol means net/rpc', async (host, tempDir) => {
      const first = await host.create(await configOf(pairing));
      await first.start();
      await using other = await pairing.startHost(tempDir);
      const client = await reattach(pairing, other, { ...(await found(first)), protocol: '' });
      await call(pairing, client);
      await client.stop();
      await first.gone();
    });
  }
}

function gone(pairing: Pairing): void {
  hosted(pairing, 'K-09 a plugin that is gone is not found', async (host) => {
    const client = await host.create(await configOf(pairing));
    await client.start();
    const config = await found(client);
    await client.stop();
    await assert.rejects(reattach(pairing, host, config), /not found/i);
    // A process lives under the id, but nothing listens there.
    await assert.rejects(reattach(pairing, host, { ...config, pid: process.pid }), /not found/i);
  });

  hosted(pairing, 'nothing can be reattached before the start', async (host) => {
    const client = await host.create(await configOf(pairing));
    assert.equal(await client.reattachConfig(), undefined);
  });
}

function testMode(pairing: Pairing): void {
  hosted(pairing, 'K-11 K-13 a plugin in test mode is reattached, survives stop and ends on its own', async (host) => {
    const command = await pairing.pluginCommand({ ...pairing.flags, test: true, 'app-version': 4 });
    await using plugin = await RawPlugin.run(command, {});
    const config = JSON.parse(await plugin.line()) as Reattach;
    assert.deepEqual([config.protocolVersion, config.pid, config.test], [4, plugin.pid, true]);
    const client = await host.create({ ...pairing.config, reattach: config });
    const { version } = await client.start();
    assert.equal(version, 4);
    await call(pairing, client);
    await client.stop();
    assert.equal(isRunning(plugin.pid), true);
    plugin.endInput();
    assert.equal((await plugin.ending()).code, 0);
  });
}

function managed(pairing: Pairing): void {
  hosted(pairing, 'K-07 managed clients are stopped together, others are not', async (host) => {
    const config = await configOf(pairing);
    const clients = [];
    for (const isManaged of [true, true, true, false]) {
      const client = await host.create({ ...config, managed: isManaged });
      const { id } = await client.start();
      clients.push({ client, pid: Number(id) });
    }
    await host.cleanup?.();
    assert.deepEqual(
      clients.map(({ pid }) => isRunning(pid)),
      [false, false, false, true],
    );
    await clients[3]!.client.stop();
    await untilGone(clients[3]!.pid);
  });
}

async function found(client: DrivenClient): Promise<Reattach> {
  const config = await client.reattachConfig();
  assert.ok(config !== undefined, 'no reattach configuration');
  return config;
}

async function reattach(pairing: Pairing, host: HostDriver, config: Reattach): Promise<DrivenClient> {
  const client = await host.create({ ...pairing.config, reattach: config });
  await client.start();
  return client;
}

async function call(pairing: Pairing, client: DrivenClient): Promise<void> {
  const probe = await client.dispense('probe');
  if (pairing.config?.protocol === 'netrpc') assert.equal(await probe.call('Echo', 'AAEC'), 'AAEC');
  else assert.equal((await probe.invoke(ProbeDefinition, 'echo', { number: 8 })).message.number, 8);
}
