import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Started } from '../driver.js';
import { ProbeDefinition } from '../gen/probe.js';
import { failureOf } from './failure.js';
import { can, configOf, endedInPeace, hosted, isNetRpc, type Pairing, type Scene, scenario } from './pairing.js';
import { probeOf } from './probe.js';
import { isRunning, untilGone } from './processes.js';

/** How a plugin ends, and what must not end it. */
export function lifecycleSuite(pairing: Pairing): void {
  alive(pairing);
  stops(pairing);
  stubborn(pairing);
  crashes(pairing);
}

function alive(pairing: Pairing): void {
  const ping = isNetRpc(pairing) ? 'R-02' : 'C-01 C-02';
  scenario(pairing, `${ping} a ping is answered from the beginning`, async ({ client }) => {
    for (let i = 0; i < 3; i++) await client.ping();
  });

  scenario(pairing, 'P-16 an interrupt does not end the plugin', async (scene) => {
    const pid = await pidOf(scene);
    process.kill(pid, 'SIGINT');
    await scene.client.logs.find((entry) => /interrupt/i.test(entry.message), 'a word about the interrupt');
    await scene.client.ping();
    assert.equal(isRunning(pid), true);
  });

  scenario(pairing, 'P-20 P-21 connections that come and go do no harm', async (scene) => {
    const probe = await scene.probe();
    for (let i = 0; i < 5; i++) await touch(scene.started);
    await probe.echo(Buffer.from('there'));
    await scene.client.ping();
  });

  if (process.platform === 'linux') {
    scenario(pairing, "H-08 the plugin has the host's own stdin", async (scene) => {
      const [own, inherited] = [scene.host.pid, await pidOf(scene)].map((pid) => readlink(`/proc/${pid}/fd/0`));
      assert.equal(await inherited, await own);
    });
  }

  if (pairing.plugin === 'go' && can(pairing, 'broker') && !isNetRpc(pairing)) {
    scenario(pairing, 'C-03 the host opens one StartStream and one StreamStdio', async (scene) => {
      await scene.client.ping();
      await scene.dispense('kv');
      const probe = await scene.dispense('probe');
      const counts = async () => {
        const { calls } = (await probe.invoke(ProbeDefinition, 'describe', {})).message;
        return [calls['/plugin.GRPCBroker/StartStream'] ?? 0, calls['/plugin.GRPCStdio/StreamStdio'] ?? 0];
      };
      // A Go host opens them in the background: they may come after the first calls.
      let seen = await counts();
      while (seen.includes(0)) seen = await counts();
      assert.deepEqual(seen, [1, 1]);
    });
  }
}

function stops(pairing: Pairing): void {
  if (pairing.host === 'ours') {
    scenario(pairing, 'K-06 the private directory of the socket goes with the plugin', async ({ started, client }) => {
      const directory = dirname(started.address);
      assert.equal(existsSync(directory), true);
      await client.stop();
      assert.equal(existsSync(directory), false);
    });
  }

  scenario(pairing, 'K-02 K-04 P-17 a stopped plugin is gone, with its socket and without force', async (scene) => {
    const pid = await pidOf(scene);
    await scene.client.stop();
    assert.equal(isRunning(pid), false);
    assert.equal(await scene.client.exited(), true);
    endedInPeace(pairing, scene.client);
    assert.deepEqual(await sockets(scene.tempDir), []);
    await assert.rejects(scene.client.ping());
  });

  hosted(pairing, 'K-01 stopping is harmless before the start and when repeated', async (host) => {
    const client = await host.create(await configOf(pairing));
    await client.stop();
    const other = await host.create(await configOf(pairing));
    const { id } = await other.start();
    await Promise.all([other.stop(), other.stop()]);
    await other.stop();
    assert.equal(isRunning(Number(id)), false);
  });

  hosted(pairing, 'K-05 a plugin that was started only is stopped without force', async (host) => {
    const client = await host.create(await configOf(pairing));
    await client.start();
    await client.stop();
    assert.equal(await client.exited(), true);
    endedInPeace(pairing, client);
  });

  if (!isNetRpc(pairing)) openStreams(pairing);

  scenario(
    pairing,
    'K-02 a plugin that lingers within the grace is not ended by force',
    async (scene) => {
      await scene.client.ping();
      await scene.client.stop();
      endedInPeace(pairing, scene.client);
    },
    { flags: { 'slow-shutdown': '500ms' } },
  );
}

function openStreams(pairing: Pairing): void {
  scenario(pairing, 'C-10 open streams do not keep the plugin from stopping', async (scene) => {
    const probe = await scene.dispense('probe');
    const calls = [
      await probe.open(ProbeDefinition, 'hangStream', { request: { token: 'open' } }),
      await probe.open(ProbeDefinition, 'exchange'),
      await probe.open(ProbeDefinition, 'hang', { request: { token: 'pending' } }),
    ];
    await probe.invoke(ProbeDefinition, 'observe', { token: 'open' });
    await scene.client.stop();
    assert.equal(scene.client.forced(), false);
    for (const call of calls) assert.ok([1, 14].includes((await failureOf(call.receive())).code));
  });
}

function stubborn(pairing: Pairing): void {
  const cases: readonly (readonly [name: string, flags: Record<string, string>])[] = [
    ['K-02 a plugin that ignores shutdown is ended by force', { shutdown: 'hang' }],
    ...(pairing.plugin === 'go' && !isNetRpc(pairing)
      ? ([
          ['C-06 C-11 a plugin without the controller service is ended by force', { controller: 'off' }],
          ['C-11 a plugin that only answers Shutdown is ended by force', { controller: 'ignore' }],
        ] as const)
      : []),
    // A Go host waits for ever for the answer of Shutdown.
    ...(pairing.plugin === 'go' && pairing.host === 'ours' && !isNetRpc(pairing)
      ? ([['C-11 a plugin that never answers Shutdown is ended by force', { controller: 'hang' }]] as const)
      : []),
  ];
  for (const [name, flags] of cases) {
    hosted(pairing, name, async (host) => {
      const client = await host.create(await configOf(pairing, { flags }));
      const { id } = await client.start();
      await client.ping();
      await client.stop();
      assert.deepEqual([client.forced(), await client.exited(), isRunning(Number(id))], [true, true, false]);
    });
  }
}

function crashes(pairing: Pairing): void {
  const item = isNetRpc(pairing) ? 'R-17' : 'C-15';
  for (const kind of ['EXIT', 'PANIC', 'KILL'] as const) {
    hosted(pairing, `${item} a crash in the middle of a call fails the call: ${kind}`, async (host) => {
      const client = await host.create(await configOf(pairing));
      const { id, protocol } = await client.start();
      const object = await client.dispense('probe');
      const probe = probeOf(object, protocol);
      const pending = await probe.hang('x');
      await assert.rejects(probe.crash(kind), (error) => probe.isLoss(error));
      const failure = await pending.failure;
      assert.ok(probe.isLoss(failure), String(failure));
      // A Go host gives the clients of net/rpc no context.
      if (!isNetRpc(pairing) || pairing.host === 'ours') await object.contextDone();
      await client.gone();
      assert.equal(await client.exited(), true);
      await untilGone(Number(id));
      await assert.rejects(client.ping());
      await client.stop();
    });
  }

  // go-plugin: a Go plugin lives on.
  if (pairing.plugin === 'ours' && can(pairing, 'dies-alone')) {
    hosted(pairing, 'a plugin of ours ends when its host is killed', async (host) => {
      const client = await host.create(await configOf(pairing));
      const { id } = await client.start();
      await client.ping();
      process.kill(host.pid, 'SIGKILL');
      await untilGone(Number(id));
    });
  }

  hosted(pairing, 'a plugin killed from outside is noticed', async (host) => {
    const client = await host.create(await configOf(pairing));
    const { id } = await client.start();
    await client.ping();
    process.kill(Number(id), 'SIGKILL');
    await client.gone();
    await client.stop();
    assert.equal(await client.exited(), true);
  });
}

async function pidOf(scene: Scene): Promise<number> {
  return (await (await scene.probe()).describe()).pid;
}

/** Connects to the plugin and hangs up at once. */
async function touch({ network, address }: Started): Promise<void> {
  const [host, port] = address.split(':');
  const socket = network === 'unix' ? connect(address) : connect(Number(port), host);
  await once(socket, 'connect');
  socket.destroy();
  await once(socket, 'close');
}

/** Names of what plugins have in a temporary directory. */
async function sockets(tempDir: string): Promise<string[]> {
  return (await readdir(tempDir)).filter((name) => /plugin|sock/.test(name));
}
