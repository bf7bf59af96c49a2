import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { netRpcPlugin, PluginError } from '../../src/index.js';
import { gob, method } from '../../src/net-rpc.js';
import { supervise } from '../../src/supervise.js';
import { fixture } from '../fixtures/fixture.js';
import { handshake, happens, reaches, soon } from './rig.js';

const plugins = {
  waiter: netRpcPlugin({
    echo: method(gob.string, gob.string),
    wait: method(gob.empty, gob.empty),
    count: method(gob.uint32, gob.int),
  }),
};
const command = fixture('serves-netrpc');

test('a client over net/rpc outlives a crash and a reload; a call that was sent fails with it', async () => {
  await using plugin = supervise({ command, handshake, plugins, supervision: { start: 'lazy' } });
  const waiter = await plugin.dispense('waiter');
  assert.equal(plugin.state.status, 'idle');
  assert.equal(await firstValueFrom(waiter.echo('a')), 'a');
  const waiting = firstValueFrom(waiter.wait()).catch((error: unknown) => error);
  await firstValueFrom(waiter.echo('b'));
  const stopped = happens(plugin, 'stopped');
  process.kill(Number(plugin.id), 'SIGKILL');
  assert.ok(PluginError.is(await soon('the failure', waiting)));
  await stopped;
  assert.equal(await firstValueFrom(waiter.echo('c')), 'c');
  await plugin.reload();
  assert.equal(await firstValueFrom(waiter.echo('d')), 'd');
  assert.equal((await reaches(plugin, 'ready')).generation, 3);
});

test('the broker is that of the process that serves', async () => {
  await using plugin = supervise({ command, handshake, plugins });
  const waiter = await plugin.dispense('waiter');
  for (let round = 0; round < 2; round++) {
    await plugin.ready();
    const id = plugin.muxBroker.nextId();
    const accepted = firstValueFrom(plugin.muxBroker.accept(id));
    const counted = firstValueFrom(waiter.count(id));
    (await accepted).end(Buffer.alloc(10));
    assert.equal(await soon('the count', counted), 10);
    await plugin.reload();
  }
});

test('while nothing serves a call waits for limitMs', async () => {
  await using plugin = supervise({
    command: fixture('exits-at-once'),
    handshake,
    plugins,
    supervision: { whenDown: { limitMs: 50 }, backoff: { initialMs: 600_000, maxMs: 600_000 } },
  });
  const waiter = await plugin.dispense('waiter');
  await reaches(plugin, 'waiting');
  await assert.rejects(
    firstValueFrom(waiter.echo('a')),
    (error) => PluginError.is(error) && error.code === 'ERR_NO_GENERATION',
  );
});
