import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, type Observable } from 'rxjs';
import { netRpcPlugin, PluginError } from '../../src/index.js';
import { gob, method } from '../../src/net-rpc.js';
import { supervise } from '../../src/supervise.js';
import { fixture } from '../fixtures/fixture.js';
import { watchResources } from '../support/active-resources.js';
import { handshake, happens, reaches, soon } from './rig.js';

const plugins = {
  waiter: netRpcPlugin({
    echo: method(gob.string, gob.string),
    wait: method(gob.empty, gob.empty),
    count: method(gob.uint32, gob.int),
  }),
};
const posix = { skip: process.platform === 'win32' ? 'there are no such signals' : false };
const command = fixture('serves-netrpc');
const assertNothingActive = watchResources();

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

/** A call in each turn of the event loop, whatever becomes of the others, until it is told to end. */
async function flood(call: () => Observable<unknown>, isOver: () => boolean): Promise<unknown[]> {
  const failures: unknown[] = [];
  const calls: Promise<unknown>[] = [];
  while (!isOver()) {
    calls.push(firstValueFrom(call()).catch((error: unknown) => failures.push(error)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await soon('the end of every call', Promise.all(calls));
  return failures;
}

for (const [replay, kept] of [
  ['unsent', ['unknown']],
  ['never', ['unknown', 'none']],
] as const)
  test(`with replay: '${replay}' the calls that a kill interrupts fail only if their delivery is ${kept.join(' or ')}`, async (t) => {
    const supervision = { replay, whenDown: { limitMs: 120_000 } };
    await using plugin = supervise({ command, handshake, plugins, supervision });
    const waiter = await plugin.dispense('waiter');
    await plugin.ready();
    const replayed: string[] = [];
    plugin.events$.subscribe((event) => {
      if (event.type === 'replayed') replayed.push(event.path);
    });
    let isOver = false;
    const flooding = flood(
      () => waiter.echo('a'),
      () => isOver,
    );
    for (const generation of [2, 3]) {
      await firstValueFrom(waiter.echo('b'));
      process.kill(Number(plugin.id), 'SIGKILL');
      await reaches(plugin, 'ready', generation);
    }
    isOver = true;
    const failures = await flooding;
    const deliveries = failures.map((error) => (PluginError.is(error) ? error.details.delivery : error));
    assert.deepEqual(
      deliveries.filter((delivery) => !kept.includes(delivery as 'unknown')),
      [],
    );
    if (replay === 'unsent') assert.ok(replayed.every((path) => path === 'Plugin.Echo'));
    else assert.deepEqual(replayed, []);
    t.diagnostic(`${failures.length} failed, ${replayed.length} made again`);
  });

test('with `() => true` a call that was sent is made again on the next process', async () => {
  const supervision = { replay: () => true, whenDown: { limitMs: 120_000 } };
  await using plugin = supervise({ command, handshake, plugins, supervision });
  const waiter = await plugin.dispense('waiter');
  const replayed = happens(plugin, 'replayed');
  const waiting = waiter.wait().subscribe();
  await firstValueFrom(waiter.echo('a'));
  process.kill(Number(plugin.id), 'SIGKILL');
  const { generation, path } = await replayed;
  assert.deepEqual([generation, path], [1, 'Plugin.Wait']);
  await reaches(plugin, 'ready', 2);
  assert.equal(await firstValueFrom(waiter.echo('b')), 'b');
  waiting.unsubscribe();
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

test('what has given up waiting keeps nothing alive, while the plugin is still waited for', async () => {
  await using plugin = supervise({
    command: fixture('exits-at-once'),
    handshake,
    plugins,
    supervision: { whenDown: { limitMs: 20 }, backoff: { initialMs: 600_000, maxMs: 600_000 } },
  });
  const waiter = await plugin.dispense('waiter');
  await reaches(plugin, 'waiting');
  await assert.rejects(firstValueFrom(waiter.echo('a')));
  waiter.echo('a').subscribe().unsubscribe();
  plugin
    .withMember(async () => 'never')
    .subscribe()
    .unsubscribe();
  plugin.muxBroker.accept(1).subscribe().unsubscribe();
  await assertNothingActive();
});

test('a plugin that hangs is noticed by Control.Ping, and started again', posix, async () => {
  const supervision = { health: { intervalMs: 50, timeoutMs: 1000, failures: 2 }, whenDown: { limitMs: 120_000 } };
  await using plugin = supervise({ command, handshake, plugins, supervision });
  const waiter = await plugin.dispense('waiter');
  await firstValueFrom(waiter.echo('a'));
  const told = reaches(plugin, 'unresponsive');
  const stopped = happens(plugin, 'stopped');
  const waiting = firstValueFrom(waiter.wait()).catch((error: unknown) => error);
  process.kill(Number(plugin.id), 'SIGSTOP');
  await told;
  assert.equal((await stopped).stop.cause, 'unresponsive');
  const error = await soon('the end of the call', waiting);
  assert.ok(PluginError.is(error) && error.details.delivery === 'unknown');
  assert.equal(await soon('an answer', firstValueFrom(waiter.echo('b'))), 'b');
});
