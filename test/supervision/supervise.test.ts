import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { filter, firstValueFrom, map, Subject, take, toArray } from 'rxjs';
import { GrpcError, status } from '../../src/grpc.js';
import { PluginError } from '../../src/index.js';
import { supervise } from '../../src/supervise.js';
import { fixture } from '../fixtures/fixture.js';
import { watchResources } from '../support/active-resources.js';
import { awaitGone } from '../support/process-alive.js';
import { handshake, happens, plugins, reaches, rig, type Supervision, soon } from './rig.js';

const assertNothingActive = watchResources();
const hasCode = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;
const unavailableBecause = (code: string) => (error: unknown) =>
  GrpcError.is(error) && error.status === status.UNAVAILABLE && hasCode(code)(error.cause);

test('calls wait for the first start, and go on after a crash, with the same client', async () => {
  await using bed = await rig();
  const states = firstValueFrom(
    bed.plugin.state$.pipe(
      map((state) => state.status),
      take(5),
      toArray(),
    ),
  );
  const pid = await bed.ask('pid');
  assert.equal(bed.plugin.id, pid);
  const stopped = happens(bed.plugin, 'stopped');
  bed.kill();
  await stopped;
  const next = await soon('an answer', bed.ask('pid'));
  assert.notEqual(next, pid);
  assert.deepEqual(await states, ['idle', 'starting', 'ready', 'starting', 'ready']);
  await awaitGone(Number(pid));
});

test('lazy: nothing runs before the first call, and idleStopMs stops it until the next', async () => {
  await using bed = await rig({ start: 'lazy', idleStopMs: 40 });
  assert.equal(bed.plugin.state.status, 'idle');
  assert.equal(bed.plugin.id, undefined);
  const pid = await bed.ask('pid');
  await reaches(bed.plugin, 'idle');
  await awaitGone(Number(pid));
  assert.notEqual(await bed.ask('pid'), pid);
});

test('an open call is a use: the plugin is not stopped before it ends', async () => {
  await using bed = await rig({ start: 'lazy', idleStopMs: 20 });
  const statuses: string[] = [];
  bed.plugin.state$.subscribe(({ status: name }) => statuses.push(name));
  assert.equal(await bed.ask('slow'), 'slow');
  assert.deepEqual(statuses, ['idle', 'starting', 'ready']);
});

test('the stop has cause, exit, last words and how long it served; logs and output have the generation', async () => {
  await using bed = await rig();
  await bed.plugin.ready();
  const stopped = happens(bed.plugin, 'stopped');
  const asked = bed.ask('exit').catch((error: unknown) => error);
  const { stop } = await stopped;
  assert.deepEqual([stop.generation, stop.cause, stop.exit], [1, 'crashed', { code: 3, signal: null }]);
  assert.equal(stop.error.code, 'ERR_PLUGIN_EXITED');
  assert.ok(GrpcError.is(await asked), 'what the plugin had begun is not repeated');
  assert.equal((await reaches(bed.plugin, 'ready', 2)).generation, 2);
});

test('six deaths in a minute give it up: calls fail with the reason at once, and reset starts it again', async () => {
  await using bed = await rig({ backoff: { initialMs: 1, maxMs: 2 } });
  for (let generation = 1; generation <= 6; generation++) {
    await reaches(bed.plugin, 'ready', generation);
    bed.kill();
  }
  const { error, stops } = await reaches(bed.plugin, 'failed');
  assert.equal(error.code, 'ERR_RESTART_LIMIT');
  assert.equal(stops.length, 6);
  await assert.rejects(bed.ask('pid'), unavailableBecause('ERR_RESTART_LIMIT'));
  await assert.rejects(bed.plugin.ready(), hasCode('ERR_RESTART_LIMIT'));
  bed.plugin.reset();
  assert.notEqual(await soon('an answer', bed.ask('pid')), '');
});

test('after cooldownMs it is tried again', async () => {
  await using bed = await rig({ intensity: { max: 0, withinMs: 60_000 }, cooldownMs: 20 });
  await bed.plugin.ready();
  bed.kill();
  await reaches(bed.plugin, 'failed');
  await reaches(bed.plugin, 'ready', 2);
});

test('onStart is part of the start: calls wait for it, and one that fails is a failed start', async () => {
  let failures = 0;
  const onStart: Supervision['onStart'] = async (client) => {
    const own = await client.dispense('kv');
    await firstValueFrom(own.put({ key: 'configured', value: new Uint8Array() }));
    if (++failures < 3) throw new Error('not yet');
  };
  await using bed = await rig({ onStart, backoff: { initialMs: 1, maxMs: 2 } });
  const stopped = happens(bed.plugin, 'stopped');
  await firstValueFrom(bed.kv.put({ key: 'a', value: new Uint8Array() }));
  assert.deepEqual(bed.recorded(), ['configured', 'configured', 'configured', 'a']);
  const { stop } = await stopped;
  assert.deepEqual([stop.cause, stop.error.code], ['failed-start', 'ERR_ON_START']);
});

test('an onStart that hangs is a failed start after startTimeoutMs', async () => {
  const onStart: Supervision['onStart'] = async (client) => {
    const own = await client.dispense('kv');
    await firstValueFrom(own.get({ key: 'hang' }));
  };
  const intensity = { max: Number.POSITIVE_INFINITY, withinMs: 60_000 };
  await using bed = await rig(
    { onStart, intensity, backoff: { initialMs: 1, maxMs: 2 } },
    { client: { startTimeoutMs: 2000 } },
  );
  // On a busy machine the process itself may start later than that.
  const errors$ = bed.plugin.events$.pipe(map((event) => (event.type === 'stopped' ? event.stop.error : undefined)));
  const error = await soon('the failure', firstValueFrom(errors$.pipe(filter((one) => one?.code === 'ERR_ON_START'))));
  assert.match(
    String(error?.message),
    /^`onStart` failed for generation \d+: it took longer than `startTimeoutMs`, which is 2000 ms/,
  );
});

test('stop does not wait for an onStart that hangs, nor leaves anything of it', async () => {
  const entered = new Subject<void>();
  const onStart = (): Promise<void> => new Promise(() => entered.next());
  const bed = await rig({ onStart });
  await soon('onStart', firstValueFrom(entered));
  await soon('the stop', Promise.resolve(bed[Symbol.asyncDispose]()));
  await assertNothingActive();
});

test('onStart sets up each process: after a crash, and after a reload before it serves', async () => {
  const onStart: Supervision['onStart'] = async (client, generation) => {
    const own = await client.dispense('kv');
    await firstValueFrom(own.put({ key: `setup ${generation}`, value: new Uint8Array() }));
  };
  await using bed = await rig({ onStart });
  const put = (key: string) => firstValueFrom(bed.kv.put({ key, value: new Uint8Array() }));
  await put('a');
  bed.kill();
  await reaches(bed.plugin, 'ready', 2);
  await put('b');
  await bed.plugin.reload();
  await put('c');
  assert.deepEqual(bed.recorded(), ['setup 1', 'a', 'setup 2', 'b', 'setup 3', 'c']);
});

test('what another start would repeat is not tried again', async () => {
  const plugin = supervise({ command: ['/nonexistent/plugin'], handshake, plugins });
  const { error } = await reaches(plugin, 'failed');
  assert.equal(error.code, 'ERR_SPAWN');
  const kv = await plugin.dispense('kv');
  await assert.rejects(firstValueFrom(kv.get({ key: 'pid' })), unavailableBecause('ERR_SPAWN'));
  await plugin.stop();
});

test('a call that waits in vain fails after limitMs, by its deadline if that is earlier, and can be cancelled', async () => {
  await using bed = await rig(
    { whenDown: { limitMs: 60 }, backoff: { initialMs: 600_000, maxMs: 600_000 } },
    { behaviour: { failsWhile: 'bad' } },
  );
  writeFileSync(join(bed.directory, 'bad'), '');
  await reaches(bed.plugin, 'waiting');
  await assert.rejects(bed.ask('pid'), unavailableBecause('ERR_NO_GENERATION'));
  const late = firstValueFrom(bed.kv.get({ key: 'pid' }, { timeoutMs: 5 }));
  await assert.rejects(late, (error) => GrpcError.is(error) && error.status === status.DEADLINE_EXCEEDED);
  bed.kv.get({ key: 'pid' }).subscribe().unsubscribe();
  rmSync(join(bed.directory, 'bad'));
  await bed.plugin.reload();
  assert.notEqual(await bed.ask('pid'), '');
});

test("whenDown: 'fail' fails calls at once while it is down, but not before the first start", async () => {
  const options: Supervision = {
    start: 'lazy',
    whenDown: { policy: 'fail' },
    backoff: { initialMs: 600_000, maxMs: 600_000 },
  };
  await using bed = await rig(options, { behaviour: { failsWhile: 'bad' } });
  await bed.ask('pid');
  writeFileSync(join(bed.directory, 'bad'), '');
  bed.kill();
  await reaches(bed.plugin, 'waiting');
  await assert.rejects(bed.ask('pid'), unavailableBecause('ERR_NO_GENERATION'));
});

test("restart: 'on-failure' leaves a plugin that exits with 0 idle until the next call", async () => {
  await using bed = await rig({ restart: 'on-failure' });
  await bed.plugin.ready();
  await bed.ask('quit').catch(() => {});
  await reaches(bed.plugin, 'idle');
  assert.notEqual(await bed.ask('pid'), '');
});

test('the options of a generation are laid over the others, which each process has', async () => {
  const generation: Supervision['generation'] = async (number) => ({
    env: { RXPLUG_KEPT: 'kept', RXPLUG_GENERATION: String(number) },
  });
  await using bed = await rig({ generation });
  assert.equal(await bed.ask('env'), 'kept 1');
  bed.kill();
  await reaches(bed.plugin, 'ready', 2);
  assert.equal(await bed.ask('env'), 'kept 2');
  await using plain = await rig({}, { client: { env: { RXPLUG_KEPT: 'kept', RXPLUG_GENERATION: 'always' } } });
  assert.equal(await plain.ask('env'), 'kept always');
  plain.kill();
  await reaches(plain.plugin, 'ready', 2);
  assert.equal(await plain.ask('env'), 'kept always');
  await plain.plugin.reload();
  assert.equal(await plain.ask('env'), 'kept always');
});

test('stop ends calls that wait and everything else, completes the streams, and a later call fails', async () => {
  const bed = await rig();
  const pid = Number(await bed.ask('pid'));
  const states = firstValueFrom(bed.plugin.state$.pipe(toArray()));
  const logs = firstValueFrom(bed.plugin.logs$.pipe(toArray()));
  const events = firstValueFrom(bed.plugin.events$.pipe(toArray()));
  await bed[Symbol.asyncDispose]();
  assert.equal((await states).at(-1)?.status, 'stopped');
  await Promise.all([logs, events]);
  await assert.rejects(bed.ask('pid'), unavailableBecause('ERR_CLOSED'));
  await assert.rejects(bed.plugin.ready(), hasCode('ERR_CLOSED'));
  await assert.rejects(bed.plugin.reload(), hasCode('ERR_CLOSED'));
  await awaitGone(pid);
});

test('it may be stopped in every state, and nothing is left', async () => {
  for (const when of ['at once', 'starting', 'waiting', 'failed', 'idle'] as const) {
    const supervision: Supervision = {
      start: when === 'idle' ? 'lazy' : 'eager',
      backoff: { initialMs: 600_000, maxMs: 600_000 },
      ...(when === 'failed' ? { restart: 'never' as const } : {}),
    };
    const behaviour = when === 'waiting' || when === 'failed' ? { failsWhile: 'record' } : {};
    const bed = await rig(supervision, { behaviour });
    if (when === 'starting' || when === 'waiting' || when === 'failed') await reaches(bed.plugin, when);
    await soon(`the stop ${when}`, Promise.resolve(bed[Symbol.asyncDispose]()));
    assert.equal(bed.plugin.state.status, 'stopped');
  }
  await assertNothingActive();
});

test('wrong options are told at once', () => {
  const command = fixture('supervised');
  const wrong: readonly object[] = [
    { intensity: { max: -1, withinMs: 1 } },
    { intensity: { max: Number.NaN, withinMs: 1 } },
    { whenDown: { limitMs: 0 } },
    { whenDown: { policy: 'never' } },
    { health: { failures: 0 } },
    { idleStopMs: -1 },
    { reload: { mode: 'both' } },
    { backoff: { initialMs: -1 } },
    { start: 'sometimes' },
    { size: 0 },
    { size: 1.5 },
    { size: { min: 3, max: 2 } },
    { size: { max: 2, scaleUpAtCalls: 0 } },
    { size: { max: 2, scaleDownAfterMs: 0 } },
    { router: 'random' },
    { replay: 'always' },
    { reloadOn: './kv-plugin' },
    { onStart: 'configure' },
    { generation: { env: {} } },
    // The short form that one may expect, and there is none.
    { whenDown: 'fail' },
    { reload: 'stop-first' },
    { intensity: 5 },
    { backoff: 100 },
    { recycle: 5 },
    { health: true },
    { size: '4' },
  ];
  for (const supervision of wrong)
    assert.throws(
      () => supervise({ command, handshake, plugins, supervision }),
      hasCode('ERR_OPTIONS'),
      JSON.stringify(supervision),
    );
  assert.throws(
    () => supervise({ command, handshake, plugins, outlivesHost: true }),
    (error) => PluginError.is(error) && /outlivesHost/.test(error.message),
  );
  assert.throws(() => supervise({ command: [] as never, handshake, plugins }), hasCode('ERR_OPTIONS'));
});

test('the errors of calls name the plugin, also of those that nothing has carried', async () => {
  await using bed = await rig({ start: 'lazy', restart: 'never' }, { client: { name: 'store' } });
  const nameIn = (error: unknown): boolean => GrpcError.is(error) && error.details.plugin === 'store';
  await assert.rejects(bed.ask('missing'), nameIn);
  await bed.ask('die').catch(() => {});
  await reaches(bed.plugin, 'failed');
  await assert.rejects(bed.ask('pid'), nameIn);
});

test('an unknown plugin is refused', async () => {
  await using bed = await rig({ start: 'lazy' });
  await assert.rejects(bed.plugin.dispense('other' as 'kv'), hasCode('ERR_UNKNOWN_PLUGIN'));
});
