import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lastValueFrom, Subject, throwError } from 'rxjs';
import { GrpcError, status } from '../../src/grpc.js';
import { PluginError } from '../../src/index.js';
import { fileChanges } from '../../src/supervise.js';
import { fixture } from '../fixtures/fixture.js';
import { watchResources } from '../support/active-resources.js';
import { happens, reaches, rig, type Supervision, serving, soon, underLoad } from './rig.js';

const assertNothingActive = watchResources();

test('ten reloads under load: every call succeeds, and the new process serves', async () => {
  await using bed = await rig();
  const pid = await bed.ask('pid');
  await underLoad(bed, async () => {
    for (let count = 0; count < 10; count++) await bed.plugin.reload();
  });
  assert.notEqual(await bed.ask('pid'), pid);
  assert.deepEqual(bed.plugin.state, serving(11));
});

for (const [how, client] of [
  ['under AutoMTLS', { autoMtls: true }],
  ['multiplexed', { grpcBrokerMultiplex: true }],
  ['on grpc-js', { grpcEngine: 'grpc-js' }],
] as const)
  test(`reloads under load, ${how}: every call succeeds`, async () => {
    await using bed = await rig({}, { client });
    await bed.plugin.ready();
    await underLoad(bed, async () => {
      for (let count = 0; count < 2; count++) await bed.plugin.reload();
    });
    assert.deepEqual(bed.plugin.state, serving(3));
  });

test('a reload with a broken program rejects with why, and the old one serves on without a failed call', async () => {
  const generation: Supervision['generation'] = (number) => (number === 1 ? {} : { command: fixture('exits-at-once') });
  await using bed = await rig({ generation });
  const pid = await bed.ask('pid');
  const told = happens(bed.plugin, 'reload-failed');
  await underLoad(bed, async () => {
    await assert.rejects(bed.plugin.reload(), (error) => PluginError.is(error) && error.code === 'ERR_EXITED_EARLY');
  });
  assert.equal((await told).generation, 2);
  assert.equal(await bed.ask('pid'), pid);
  assert.deepEqual(bed.plugin.state, serving(1));
});

test('a stream that is open for ever ends with ERR_RELOAD after drainMs, a call that ends in time succeeds', async () => {
  await using bed = await rig({ reload: { drainMs: 2000 } });
  await bed.plugin.ready();
  const watching = lastValueFrom(bed.kv.watch({ prefix: '' })).catch((error: unknown) => error);
  const slow = bed.ask('slow');
  await bed.ask('pid');
  const ended = happens(bed.plugin, 'ended');
  await bed.plugin.reload();
  assert.equal(await slow, 'slow');
  const error = await soon('the end of the stream', watching);
  assert.ok(GrpcError.is(error) && error.status === status.UNAVAILABLE);
  assert.ok(PluginError.is(error.cause) && error.cause.code === 'ERR_RELOAD');
  assert.equal((await ended).generation, 1);
});

test('the old one may die while its successor starts: calls wait for that', async () => {
  await using bed = await rig();
  await bed.plugin.ready();
  const reloading = bed.plugin.reload();
  bed.kill();
  await happens(bed.plugin, 'stopped');
  await reloading;
  assert.equal(await bed.ask('pid'), bed.plugin.id);
});

test('several reloads at once end with one process, and all of them resolve', async () => {
  await using bed = await rig();
  await bed.plugin.ready();
  await Promise.all([bed.plugin.reload(), bed.plugin.reload(), bed.plugin.reload()]);
  assert.deepEqual(bed.plugin.state, serving(4));
});

test('with stop-first the old process is gone before the new one starts', async () => {
  await using bed = await rig({ reload: { mode: 'stop-first' } });
  await bed.plugin.ready();
  const order: string[] = [];
  bed.plugin.events$.subscribe((event) => {
    if ('generation' in event) order.push(`${event.type} ${event.generation}`);
  });
  await underLoad(bed, () => bed.plugin.reload());
  assert.deepEqual(order, ['ended 1', 'started 2']);
});

test('a file that changes reloads the plugin, a broken one leaves the old process, and a mended one is taken', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rf-'));
  const file = join(folder, 'version');
  writeFileSync(file, 'one');
  const reloadOn = fileChanges(file, { debounceMs: 20 });
  await using bed = await rig({ reloadOn }, { behaviour: { version: file } });
  assert.equal(await bed.ask('version'), 'one');
  const failed = happens(bed.plugin, 'reload-failed');
  writeFileSync(file, 'broken');
  await failed;
  assert.equal(await bed.ask('version'), 'one');
  const taken = reaches(bed.plugin, 'ready', 3);
  writeFileSync(file, 'two');
  await taken;
  assert.equal(await bed.ask('version'), 'two');
  rmSync(folder, { recursive: true });
});

test('a change while nothing runs starts nothing, and its next start has it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rf-'));
  const version = join(folder, 'version');
  writeFileSync(version, 'one');
  const changes = new Subject<void>();
  await using bed = await rig({ start: 'lazy', reloadOn: changes }, { behaviour: { version } });
  writeFileSync(version, 'two');
  changes.next();
  assert.equal(bed.plugin.state.status, 'idle');
  assert.equal(await bed.ask('version'), 'two');
  const reloaded = reaches(bed.plugin, 'ready', 2);
  changes.next();
  await reloaded;
  rmSync(folder, { recursive: true });
});

test('what cannot be watched is told, and the plugin serves on', async () => {
  await using bed = await rig({ start: 'lazy', reloadOn: throwError(() => new Error('no watch')) });
  assert.notEqual(await bed.ask('pid'), '');
});

test('100 reloads leave no handle, descriptor or listener', async () => {
  const count = (): number => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);
  const bed = await rig();
  await bed.plugin.ready();
  await bed.plugin.reload();
  const before = [count(), process.eventNames().length];
  for (let reloads = 0; reloads < 100; reloads++) await bed.plugin.reload();
  await soon('the end of the last', reaches(bed.plugin, 'ready', 102));
  await bed[Symbol.asyncDispose]();
  assert.ok(count() <= before[0]!, `${count()} descriptors, ${before[0]} before`);
  assert.ok(process.eventNames().length <= before[1]!);
  await assertNothingActive();
});
