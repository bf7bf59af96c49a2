import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filter, firstValueFrom, lastValueFrom, map } from 'rxjs';
import { GrpcError, Metadata, status } from '../../src/grpc.js';
import { PluginError } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';
import { watchResources } from '../support/active-resources.js';
import { awaitGone } from '../support/process-alive.js';
import { happens, type Rig, reaches, rig, type Supervision, soon, underLoad } from './rig.js';

const assertNothingActive = watchResources();
const PATIENT: Supervision = { whenDown: { limitMs: 120_000 } };

/** When so many members serve. */
async function serves({ plugin }: Rig, count: number): Promise<void> {
  const found$ = plugin.state$.pipe(filter((state) => state.status === 'ready' && state.members.length === count));
  await soon(`${count} members`, firstValueFrom(found$));
}

/** A pool, when all its members serve. */
async function pool(size: number, supervision: Supervision = {}): Promise<Rig> {
  const bed = await rig({ ...PATIENT, size, ...supervision });
  await serves(bed, size);
  return bed;
}

/** Which process answers. */
async function pids(bed: Rig, calls: number): Promise<string[]> {
  const answers: string[] = [];
  for (let call = 0; call < calls; call++) answers.push(await bed.ask('pid'));
  return answers;
}

const text = ({ value }: { readonly value: Uint8Array }): string => new TextDecoder().decode(value);

const kill = (pid: string | undefined): void => void process.kill(Number(pid), 'SIGKILL');

test('four processes take calls in turn, and nothing is left of them', async () => {
  const bed = await pool(4);
  const answers = await pids(bed, 8);
  assert.equal(new Set(answers).size, 4);
  assert.deepEqual(answers.slice(4), answers.slice(0, 4));
  await bed[Symbol.asyncDispose]();
  for (const pid of new Set(answers)) await awaitGone(Number(pid));
  await assertNothingActive();
});

test('one of four is killed under load: what it had not seen is answered by the others, which serve on', async (t) => {
  await using bed = await pool(4);
  const [victim] = await pids(bed, 1);
  const answered: string[] = [];
  const failed: unknown[] = [];
  let isOver = false;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (!isOver) {
      const key = `id-${next++}`;
      await firstValueFrom(bed.kv.put({ key, value: new Uint8Array(8) })).then(
        () => answered.push(key),
        (error: unknown) => failed.push(error),
      );
    }
  };
  const workers = Promise.all(Array.from({ length: 40 }, worker));
  const statuses: string[] = [];
  bed.plugin.state$.subscribe(({ status: name }) => statuses.push(name));
  const stopped = happens(bed.plugin, 'stopped');
  kill(victim);
  await stopped;
  await serves(bed, 4);
  isOver = true;
  await soon('the end of the calls', workers);
  assert.deepEqual([...new Set(statuses)], ['ready'], 'ready throughout');
  for (const error of failed)
    assert.ok(
      GrpcError.is(error) && error.status === status.UNAVAILABLE && error.details.delivery === 'unknown',
      String(error),
    );
  assert.ok(failed.length <= 40, 'only calls that were on their way');
  const recorded = bed.recorded();
  assert.equal(new Set(recorded).size, recorded.length, 'none is done twice');
  t.diagnostic(`${answered.length} answered, ${failed.length} failed`);
});

test('a reload replaces one after the other under load: no call fails, and three serve at all times', async () => {
  await using bed = await pool(4, { reload: { drainMs: 5000 } });
  const before = new Set(await pids(bed, 4));
  let fewest = 4;
  bed.plugin.state$.subscribe((state) => {
    fewest = Math.min(fewest, 'members' in state ? state.members.length : 0);
  });
  await underLoad(bed, () => bed.plugin.reload());
  const after = await pids(bed, 4);
  assert.ok(after.every((pid) => !before.has(pid)));
  assert.equal(fewest, 4);
});

test('with stop-first a place waits for what was in it, and not for what leaves another', async () => {
  await using bed = await pool(2, {
    reload: { mode: 'stop-first', drainMs: 600_000 },
    router: (_call, members) => members.find(({ place }) => place === 0) ?? members[0],
  });
  const first = await bed.ask('pid');
  const open = bed.kv.watch({ prefix: '' }).subscribe({ error: () => {} });
  const reloading = bed.plugin.reload();
  const other = await bed.ask('pid');
  assert.notEqual(other, first, 'the first is leaving');
  kill(other);
  const { members } = await reaches(bed.plugin, 'ready', 4);
  assert.deepEqual(members, [{ generation: 4, status: 'serving' }], 'its place is filled while the first still leaves');
  open.unsubscribe();
  await soon('the reload', reloading);
  await awaitGone(Number(first));
});

test('a reload with a broken program ends with the first: the others serve on without a failed call', async () => {
  const generation: Supervision['generation'] = (number) => (number <= 3 ? {} : { command: fixture('exits-at-once') });
  await using bed = await pool(3, { generation });
  const before = await pids(bed, 3);
  await underLoad(bed, async () => {
    await assert.rejects(bed.plugin.reload(), (error) => PluginError.is(error) && error.code === 'ERR_EXITED_EARLY');
  });
  assert.deepEqual(new Set(await pids(bed, 3)), new Set(before));
});

test('a router by metadata leads the calls of a tenant to the same place, also after its process has died', async () => {
  const router: Supervision['router'] = ({ metadata }, members) =>
    members.find(({ place }) => place === Number(metadata?.get('place')[0]));
  await using bed = await pool(3, { router });
  const at = async (place: number): Promise<string> => {
    const metadata = new Metadata();
    metadata.set('place', String(place));
    return await firstValueFrom(bed.kv.get({ key: 'pid' }, { metadata }).pipe(map(text)));
  };
  const first = await at(1);
  const other = await at(2);
  for (let calls = 0; calls < 5; calls++) assert.equal(await at(1), first);
  const stopped = happens(bed.plugin, 'stopped');
  kill(first);
  await stopped;
  const second = await soon('an answer of the successor', at(1));
  assert.notEqual(second, first);
  assert.equal(await at(1), second);
  assert.equal(await at(2), other);
});

test('a router that throws fails the call, and no other', async () => {
  let isBroken = true;
  await using bed = await pool(2, {
    router: (_call, members) => {
      if (isBroken) throw new Error('no idea');
      return members[0];
    },
  });
  await assert.rejects(bed.ask('pid'), (error) => {
    assert.ok(GrpcError.is(error) && error.status === status.INTERNAL);
    assert.equal(error.detail, '`supervision.router` threw: no idea');
    return true;
  });
  isBroken = false;
  assert.notEqual(await bed.ask('pid'), '');
});

test('the broker of a pool refuses with advice; withMember has client and broker of one process', async () => {
  await using bed = await pool(2);
  const advice = /plugin\.withMember\(\(client\) => …\)/;
  const refused = (error: unknown): boolean =>
    PluginError.is(error) && error.code === 'ERR_BROKER' && advice.test(error.message);
  assert.throws(() => bed.plugin.broker.nextId(), refused);
  await assert.rejects(firstValueFrom(bed.plugin.broker.accept(1)), refused);
  await assert.rejects(bed.plugin.broker.dial(1), refused);
  assert.throws(() => bed.plugin.muxBroker.nextId(), refused);
  const used$ = bed.plugin.withMember(async (client) => {
    const kv = await client.dispense('kv');
    const answers = [];
    for (let calls = 0; calls < 3; calls++) answers.push(text(await firstValueFrom(kv.get({ key: 'pid' }))));
    return { answers: new Set(answers).size, id: client.broker.nextId() };
  });
  assert.deepEqual(await lastValueFrom(used$), { answers: 1, id: 1 });
});

test('withMember keeps its process through a reload, and ends with it', async () => {
  await using bed = await rig(PATIENT);
  await bed.plugin.ready();
  let go = (): void => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  const used = lastValueFrom(
    bed.plugin.withMember(async (client) => {
      const kv = await client.dispense('kv');
      await held;
      return text(await firstValueFrom(kv.get({ key: 'pid' })));
    }),
  );
  const pid = await bed.ask('pid');
  await bed.plugin.reload();
  go();
  assert.equal(await soon('the end of the use', used), pid);
  const endless = lastValueFrom(bed.plugin.withMember(() => new Promise(() => {}))).catch((error: unknown) => error);
  await bed.plugin.stop();
  const error = await soon('the end', endless);
  assert.ok(PluginError.is(error) && error.code === 'ERR_CLOSED', String(error));
});

test('a pool of a variable size grows with the open calls, and shrinks when they have ended', async () => {
  await using bed = await rig({
    ...PATIENT,
    size: { min: 1, max: 3, scaleUpAtCalls: 2, scaleDownAfterMs: 40 },
  });
  await serves(bed, 1);
  const open = Array.from({ length: 6 }, () => bed.kv.watch({ prefix: '' }).subscribe({ error: () => {} }));
  await serves(bed, 2);
  open.push(...Array.from({ length: 3 }, () => bed.kv.watch({ prefix: '' }).subscribe({ error: () => {} })));
  await serves(bed, 3);
  for (const call of open) call.unsubscribe();
  await serves(bed, 1);
});

test('idleStopMs stops all of a pool, and a call starts it again', async () => {
  await using bed = await rig({ ...PATIENT, size: 2, start: 'lazy', idleStopMs: 40 });
  const first = await bed.ask('pid');
  await reaches(bed.plugin, 'idle');
  await awaitGone(Number(first));
  assert.notEqual(await bed.ask('pid'), first);
});
