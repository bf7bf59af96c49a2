import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstValueFrom, takeWhile, toArray } from 'rxjs';
import { GrpcError } from '../../src/grpc.js';
import { PluginError } from '../../src/index.js';
import { awaitGone } from '../support/process-alive.js';
import { happens, reaches, rig, type Supervision, soon } from './rig.js';

const posix = { skip: process.platform === 'win32' ? 'there are no such signals' : false };
const QUICK: Supervision = { health: { intervalMs: 50, timeoutMs: 1000, failures: 3 } };
const causeOf = (error: unknown): unknown =>
  GrpcError.is(error) && PluginError.is(error.cause) ? error.cause.code : error;

test(
  'a plugin that was stopped by a signal is told unresponsive with the first miss, killed with the last',
  posix,
  async () => {
    await using bed = await rig(QUICK);
    const pid = Number(await bed.ask('pid'));
    const told = firstValueFrom(
      bed.plugin.state$.pipe(
        takeWhile((state) => state.status !== 'starting' || state.generation === 1),
        toArray(),
      ),
    );
    const stopped = happens(bed.plugin, 'stopped');
    const hanging = bed.ask('hang').catch(causeOf);
    bed.kill('SIGSTOP');
    const { stop } = await stopped;
    assert.equal(stop.cause, 'unresponsive');
    assert.equal(await soon('the end of the call', hanging), 'ERR_UNHEALTHY');
    const misses = (await told).flatMap((state) => (state.status === 'unresponsive' ? [state.missed] : []));
    assert.deepEqual(misses, [1, 2]);
    assert.notEqual(await soon('an answer', bed.ask('pid')), String(pid));
    await awaitGone(pid);
  },
);

test('a check that is not answered delays that of no other plugin', posix, async () => {
  await using first = await rig({ health: { intervalMs: 20, timeoutMs: 600_000 } });
  await using second = await rig(QUICK);
  await Promise.all([first.ask('pid'), second.ask('pid')]);
  first.kill('SIGSTOP');
  second.kill('SIGSTOP');
  await reaches(second.plugin, 'ready', 2);
  assert.equal(first.plugin.state.status, 'ready', 'its check still waits');
  first.kill('SIGCONT');
});

test('one that answers again in time is ready again', posix, async () => {
  await using bed = await rig({ health: { ...QUICK.health, failures: 100 } });
  const pid = await bed.ask('pid');
  bed.kill('SIGSTOP');
  await reaches(bed.plugin, 'unresponsive');
  bed.kill('SIGCONT');
  await reaches(bed.plugin, 'ready');
  assert.equal(await bed.ask('pid'), pid);
});

test('one that only computes answers late: it is told unresponsive, and not killed', async () => {
  await using bed = await rig({ health: { ...QUICK.health, failures: 100 } }, { behaviour: { release: 'release' } });
  const pid = await bed.ask('pid');
  const told = reaches(bed.plugin, 'unresponsive');
  const busy = bed.ask('busy');
  await told;
  writeFileSync(join(bed.directory, 'release'), '');
  assert.equal(await soon('the answer', busy), 'done');
  await reaches(bed.plugin, 'ready');
  assert.equal(await bed.ask('pid'), pid);
});

test('without health checks a plugin that hangs stays ready', posix, async () => {
  await using bed = await rig({ health: false });
  await bed.ask('pid');
  const late = firstValueFrom(bed.kv.get({ key: 'hang' }, { timeoutMs: 200 })).catch((error: unknown) => error);
  bed.kill('SIGSTOP');
  assert.ok(GrpcError.is(await late));
  assert.equal(bed.plugin.state.status, 'ready');
});

test('NOT_SERVING is told at once, and new calls wait; a reload is the way out', async () => {
  await using bed = await rig({ health: { intervalMs: 600_000 } });
  await bed.ask('not-serving');
  await reaches(bed.plugin, 'not-serving');
  const waiting = bed.ask('pid');
  await bed.plugin.reload();
  assert.equal(await soon('an answer', waiting), bed.plugin.id);
});

test("with notServing: 'restart' it is started again, with 'ignore' it goes on", async () => {
  await using restarted = await rig({ health: { notServing: 'restart' } });
  const stopped = happens(restarted.plugin, 'stopped');
  // The process may be gone before its answer.
  await restarted.ask('not-serving').catch(() => {});
  assert.equal((await stopped).stop.cause, 'not-serving');
  await reaches(restarted.plugin, 'ready', 2);
  await using ignored = await rig({ health: { ...QUICK.health, notServing: 'ignore' } });
  await ignored.ask('not-serving');
  assert.equal(await ignored.ask('pid'), ignored.plugin.id);
  assert.equal(ignored.plugin.state.status, 'ready');
});
