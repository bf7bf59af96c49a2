import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { GrpcError, status } from '../../src/grpc.js';
import { type Rig, reaches, rig, type Supervision, soon } from './rig.js';

const KILLS = 20;
/** So many calls wait while nothing serves; then no further ones are made. */
const MOST_OPEN = 200;

interface Outcome {
  readonly answered: string[];
  readonly failed: { readonly key: string; readonly delivery: unknown }[];
  readonly stray: unknown[];
}

/** A thousand calls a second, each with an id of its own, until it is told to end; resolves when every one has ended. */
function flood({ kv }: Rig, isOver: () => boolean): Promise<Outcome> {
  const outcome: Outcome = { answered: [], failed: [], stray: [] };
  const calls: Promise<void>[] = [];
  const begin = performance.now();
  let next = 0;
  let open = 0;
  const call = async (key: string): Promise<void> => {
    open++;
    try {
      await firstValueFrom(kv.put({ key, value: new Uint8Array(8) }));
      outcome.answered.push(key);
    } catch (error) {
      if (GrpcError.is(error) && error.status === status.UNAVAILABLE)
        outcome.failed.push({ key, delivery: error.details.delivery });
      else outcome.stray.push(error);
    }
    open--;
  };
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(Math.floor(performance.now() - begin) - next, MOST_OPEN - open);
      for (let count = 0; count < due; count++) calls.push(call(`id-${next++}`));
      if (!isOver()) return;
      clearInterval(timer);
      void Promise.all(calls).then(() => resolve(outcome));
    }, 5);
  });
}

/** Kills one generation after the other, each at a random moment of its first fifth of a second. */
async function killAll(bed: Rig, most: number): Promise<void> {
  for (let kills = 0; kills < most; kills++) {
    const { generation } = await reaches(bed.plugin, 'ready', kills + 1);
    await new Promise((resolve) => setTimeout(resolve, 200 * Math.random()));
    bed.kill();
    await reaches(bed.plugin, 'ready', generation + 1);
  }
}

const ENDLESS: Supervision = {
  intensity: { max: Number.POSITIVE_INFINITY, withinMs: 1 },
  backoff: { initialMs: 1, maxMs: 1 },
  whenDown: { limitMs: 120_000 },
};

async function underKills(
  kills: number,
  supervision: Supervision,
  client: object,
): Promise<{ bed: Rig; outcome: Outcome }> {
  const bed = await rig({ ...ENDLESS, ...supervision }, { client });
  await bed.plugin.ready();
  let isOver = false;
  const flooding = flood(bed, () => isOver);
  await killAll(bed, kills);
  isOver = true;
  const outcome = await soon('the end of every call', flooding);
  return { bed, outcome };
}

function times(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

for (const [how, kills, client] of [
  ['in clear', KILLS, {}],
  ['under AutoMTLS', 4, { autoMtls: true }],
  ['multiplexed', 4, { grpcBrokerMultiplex: true }],
  ['on grpc-js', 4, { grpcEngine: 'grpc-js' }],
] as const) {
  test(`1000 calls a second under ${kills} kills, ${how}: each is answered or fails typed, none is done twice`, async (t) => {
    const { bed, outcome } = await underKills(kills, {}, client);
    const recorded = bed.recorded();
    await bed[Symbol.asyncDispose]();
    const { answered, failed, stray } = outcome;
    assert.deepEqual(stray, []);
    const counts = times(recorded);
    assert.deepEqual(
      [...counts].filter(([, count]) => count > 1),
      [],
      'done twice',
    );
    assert.deepEqual(
      answered.filter((key) => !counts.has(key)),
      [],
      'answered, and not done',
    );
    const ended = [...answered, ...failed.map(({ key }) => key)];
    assert.equal(new Set(ended).size, ended.length);
    assert.deepEqual(
      failed.filter(({ delivery }) => delivery !== 'unknown'),
      [],
      'not sent, and not made again',
    );
    assert.ok(answered.length > 0);
    t.diagnostic(`${answered.length} answered, ${failed.length} failed`);
  });
}

test("with replay: 'never' a call that says it was not sent was not done, and the others say so too", async (t) => {
  const { bed, outcome } = await underKills(4, { replay: 'never' }, {});
  const recorded = new Set(bed.recorded());
  await bed[Symbol.asyncDispose]();
  const told = (delivery: string) => outcome.failed.filter((call) => call.delivery === delivery);
  assert.equal(told('none').length + told('unknown').length, outcome.failed.length);
  assert.deepEqual(
    told('none').filter(({ key }) => recorded.has(key)),
    [],
  );
  t.diagnostic(`${told('none').length} not sent, ${told('unknown').length} perhaps`);
});

test('with `() => true` interrupted calls are repeated: none is done more than three times', async (t) => {
  const { bed, outcome } = await underKills(4, { replay: () => true }, {});
  const counts = times(bed.recorded());
  await bed[Symbol.asyncDispose]();
  assert.deepEqual(outcome.stray, []);
  assert.deepEqual(
    outcome.answered.filter((key) => !counts.has(key)),
    [],
  );
  assert.ok(Math.max(...counts.values()) <= 3);
  t.diagnostic(`${outcome.answered.length} answered, ${outcome.failed.length} failed`);
});
