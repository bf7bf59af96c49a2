import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, take, toArray } from 'rxjs';
import { cleanupClients } from '../../src/index.js';
import { parsePsUsage, usageOfTree } from '../../src/processes/usage.js';
import { fixture } from '../fixtures/fixture.js';
import { happens, reaches, rig, type Supervision, soon, underLoad } from './rig.js';

const measurable = { skip: process.platform === 'win32' ? 'memory is not measured here' : false };

test('a plugin that takes too much memory is recycled under load without a failed call', measurable, async () => {
  await using bed = await rig({ recycle: { memoryBytes: 300 << 20 }, sampleMs: 20 });
  const pid = await bed.ask('pid');
  const recycled = happens(bed.plugin, 'recycled');
  let isOver = false;
  const growing = (async () => {
    while (!isOver) await bed.ask('grow');
  })();
  const { cause, generation } = await recycled;
  assert.deepEqual([cause, generation], ['memory', 1]);
  await reaches(bed.plugin, 'ready', 2);
  isOver = true;
  await soon('the end of the calls', growing);
  assert.notEqual(await bed.ask('pid'), pid);
});

test('above the limit it is killed and started again, and that counts', measurable, async () => {
  await using bed = await rig({
    limits: { memoryBytes: 1 << 20 },
    sampleMs: 20,
    intensity: { max: 0, withinMs: 60_000 },
  });
  const stopped = happens(bed.plugin, 'stopped');
  await bed.plugin.ready();
  assert.equal((await stopped).stop.cause, 'memory');
  assert.equal((await reaches(bed.plugin, 'failed')).error.code, 'ERR_RESTART_LIMIT');
});

test('after so many calls, and at an age, it is recycled', async () => {
  await using counted = await rig({ recycle: { calls: 3 } });
  const byCalls = happens(counted.plugin, 'recycled');
  for (let calls = 0; calls < 3; calls++) await counted.ask('pid');
  assert.equal((await byCalls).cause, 'calls');
  await using old = await rig({ recycle: { ageMs: 50 } });
  assert.equal((await happens(old.plugin, 'recycled')).cause, 'age');
  await reaches(old.plugin, 'ready', 2);
});

test('a successor that does not start is tried again, while the old one serves without a failed call', async () => {
  const generation: Supervision['generation'] = (number) =>
    number === 2 || number === 3 ? { command: fixture('exits-at-once') } : {};
  await using bed = await rig({ recycle: { calls: 3 }, backoff: { initialMs: 1 }, generation });
  const failures: number[] = [];
  bed.plugin.events$.subscribe((event) => void (event.type === 'reload-failed' && failures.push(event.generation)));
  await underLoad(bed, async () => void (await reaches(bed.plugin, 'ready', 4)));
  assert.deepEqual(failures.slice(0, 2), [2, 3]);
});

test('usage$ has memory, CPU time and calls of the generation that serves', measurable, async () => {
  await using bed = await rig({ sampleMs: 10 });
  const open = bed.kv.watch({ prefix: '' }).subscribe({ error: () => {} });
  await bed.ask('pid');
  const [usage] = await soon('usage', firstValueFrom(bed.plugin.usage$.pipe(take(1), toArray())));
  assert.ok(usage !== undefined);
  assert.deepEqual([usage.generation, usage.openCalls, usage.calls, usage.processes], [1, 1, 2, 1]);
  assert.ok(usage.rssBytes > 10 << 20 && usage.cpuMs > 0, JSON.stringify(usage));
  open.unsubscribe();
});

test('the usage of a process that is not there is undefined; lines of ps are read', async () => {
  assert.equal(await usageOfTree(Number.NaN), undefined);
  assert.deepEqual(parsePsUsage('  1024   0:01.25'), { rssBytes: 1 << 20, cpuMs: 1250 });
  assert.deepEqual(parsePsUsage('1 1-01:00:02'), { rssBytes: 1024, cpuMs: 90_002_000 });
  assert.equal(parsePsUsage(''), undefined);
});

test('cleanupClients ends a supervised plugin that is managed, and it stays ended', async () => {
  const bed = await rig({}, { client: { managed: true } });
  await bed.plugin.ready();
  await cleanupClients();
  await reaches(bed.plugin, 'stopped');
  await bed[Symbol.asyncDispose]();
});

test('stop does not wait for the drain of a generation that was replaced', async () => {
  const bed = await rig({ reload: { drainMs: 600_000 } });
  bed.kv.watch({ prefix: '' }).subscribe({ error: () => {} });
  await bed.ask('pid');
  await bed.plugin.reload();
  await soon('the stop', Promise.resolve(bed[Symbol.asyncDispose]()));
});
