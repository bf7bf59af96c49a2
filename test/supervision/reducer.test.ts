import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatMap, map, type Observable, of, scan, timer, timestamp } from 'rxjs';
import { StartError } from '../../src/errors.js';
import { stateOf } from '../../src/supervision/published-state.js';
import { type Input, initialModel, type Model, type RestartPolicy, reduce } from '../../src/supervision/reducer.js';
import type { GenerationStop, MemberHealth, StopCause } from '../../src/supervision/state.js';
import { marbles } from '../../src/testing/marbles.js';

const error = new StartError('ERR_EXITED_EARLY', 'It ended.');

const POLICY: RestartPolicy = {
  restart: 'always',
  intensity: { max: 2, withinMs: 100 },
  waitMs: (attempt) => (attempt <= 2 ? 0 : 10 * (attempt - 2)),
  resetAfterMs: 50,
  stopFirst: false,
  size: { min: 1, max: 1 },
};
const INITIAL = initialModel(POLICY);

const stop = (generation: number, at: number, ranMs = 0, cause: StopCause = 'crashed', code = 1): Input => ({
  type: 'stopped',
  stop: { generation, at: new Date(at), ranMs, cause, error, exit: { code, signal: null }, stderr: [] },
});

const started = (generation: number): Input => ({ type: 'started', generation });

const RETRY: Input = { type: 'retry', slot: 0 };

/** The state `ready` of one process. */
const ready = (generation: number, more: object = {}): object => ({
  status: 'ready',
  generation,
  members: [{ generation, status: 'serving' }],
  ...more,
});

function run(inputs: readonly Input[], policy: RestartPolicy = POLICY): Model {
  return inputs.reduce((model, input) => reduce(model, input, policy), initialModel(policy));
}

const WANTED: Input = { type: 'wanted' };

test('a call starts the first generation, and one that serves is ready', () => {
  assert.deepEqual(stateOf(INITIAL), { status: 'idle' });
  assert.deepEqual(stateOf(run([WANTED])), { status: 'starting', generation: 1, attempt: 1 });
  assert.deepEqual(stateOf(run([WANTED, WANTED, started(1)])), ready(1));
});

test('the first death is followed by a start at once, the next by waits that grow', () => {
  const dead = run([WANTED, started(1), stop(1, 10)]);
  assert.deepEqual(stateOf(dead), { status: 'starting', generation: 2, attempt: 2 });
  const again = reduce(dead, stop(2, 20, 0, 'failed-start'), POLICY);
  assert.equal(stateOf(again).status, 'waiting');
  assert.equal(again.slots[0]?.retryInMs, 10);
  assert.deepEqual(stateOf(reduce(again, RETRY, POLICY)), {
    status: 'starting',
    generation: 3,
    attempt: 3,
  });
});

test('one stop more than the intensity allows gives it up, with all stops; reset and reload start it again', () => {
  const failed = run([WANTED, started(1), stop(1, 0), started(2), stop(2, 50), RETRY, started(3), stop(3, 99)]);
  const state = stateOf(failed);
  assert.ok(state.status === 'failed');
  assert.equal(state.error.code, 'ERR_RESTART_LIMIT');
  assert.deepEqual(
    state.stops.map(({ generation }) => generation),
    [1, 2, 3],
  );
  assert.equal(reduce(failed, WANTED, POLICY), failed);
  for (const type of ['reset', 'reload'] as const)
    assert.deepEqual(stateOf(reduce(failed, { type }, POLICY)), { status: 'starting', generation: 4, attempt: 1 });
});

test('a stop that has left the window does not count', () => {
  const model = run([WANTED, started(1), stop(1, 0), started(2), stop(2, 50), RETRY, started(3), stop(3, 100)]);
  assert.notEqual(stateOf(model).status, 'failed');
  assert.deepEqual(
    model.stops.map(({ generation }) => generation),
    [2, 3],
  );
});

test('with an intensity of 0 the first stop gives it up', () => {
  const policy = { ...POLICY, intensity: { max: 0, withinMs: 100 } };
  assert.equal(stateOf(run([WANTED, started(1), stop(1, 0)], policy)).status, 'failed');
});

test('after a generation that served for long the waits begin again', () => {
  const model = run([WANTED, started(1), stop(1, 0), started(2), stop(2, 200, 60)]);
  assert.deepEqual(stateOf(model), { status: 'starting', generation: 3, attempt: 2 });
});

test('restart: never gives up after the first stop; on-failure takes exit code 0 for wanted', () => {
  assert.equal(stateOf(run([WANTED, started(1), stop(1, 0)], { ...POLICY, restart: 'never' })).status, 'failed');
  const onFailure = { ...POLICY, restart: 'on-failure' } as const;
  assert.equal(stateOf(run([WANTED, started(1), stop(1, 0, 0, 'crashed', 0)], onFailure)).status, 'idle');
  assert.equal(stateOf(run([WANTED, started(1), stop(1, 0, 0, 'crashed', 1)], onFailure)).status, 'starting');
});

test('a failure that another start would repeat gives it up at once', () => {
  const model = run([WANTED, { ...stop(1, 0, 0, 'failed-start'), permanent: true } as Input]);
  const state = stateOf(model);
  assert.ok(state.status === 'failed');
  assert.equal(state.error, error);
});

test('a reload starts the next generation beside the one that serves, and takes its place', () => {
  const reloading = run([WANTED, started(1), { type: 'reload' }]);
  assert.deepEqual(stateOf(reloading), ready(1, { reloading: 2 }));
  assert.deepEqual(stateOf(reduce(reloading, started(2), POLICY)), ready(2));
});

test('a reload that fails changes nothing, and does not count', () => {
  const model = run([WANTED, started(1), { type: 'reload' }, stop(2, 0, 0, 'failed-start')]);
  assert.deepEqual(stateOf(model), ready(1));
  assert.deepEqual(model.stops, []);
});

test('the one that serves may die during a reload: the next one goes on starting', () => {
  const model = run([WANTED, started(1), { type: 'reload' }, stop(1, 0)]);
  assert.deepEqual(stateOf(model), { status: 'starting', generation: 2, attempt: 2 });
  assert.deepEqual(stateOf(reduce(model, started(2), POLICY)), ready(2));
});

test('a reload during a start, and during a reload, begins anew with fresh options', () => {
  assert.deepEqual(stateOf(run([WANTED, { type: 'reload' }])), { status: 'starting', generation: 2, attempt: 1 });
  const twice = run([WANTED, started(1), { type: 'reload' }, { type: 'reload' }]);
  assert.deepEqual(stateOf(twice), ready(1, { reloading: 3 }));
  assert.equal(reduce(twice, started(2), POLICY), twice, 'the start that was given up does not count');
});

test('with stop-first nothing serves between the two', () => {
  const model = run([WANTED, started(1), { type: 'reload' }], { ...POLICY, stopFirst: true });
  assert.deepEqual(stateOf(model), { status: 'starting', generation: 2, attempt: 1 });
});

test('health is told of the generation that serves only', () => {
  const health = { status: 'unresponsive', missed: 1 } as const;
  const model = run([WANTED, started(1), { type: 'health', generation: 1, health }]);
  const members = [{ generation: 1, ...health }];
  assert.deepEqual(stateOf(model), { status: 'unresponsive', missed: 1, generation: 1, members });
  assert.equal(reduce(model, { type: 'health', generation: 7, health: { status: 'serving' } }, POLICY), model);
});

test('unused means idle, unless it is reloading; stop is the end', () => {
  assert.equal(stateOf(run([WANTED, started(1), { type: 'unused' }])).status, 'idle');
  assert.equal(stateOf(run([WANTED, started(1), { type: 'reload' }, { type: 'unused' }])).status, 'ready');
  const stopping = run([WANTED, started(1), { type: 'stop' }, WANTED, { type: 'reload' }]);
  assert.deepEqual(stateOf(stopping), { status: 'stopping' });
  assert.deepEqual(stateOf(run([WANTED, { type: 'stop' }, { type: 'ended' }, WANTED])), { status: 'stopped' });
});

/** A plugin that lives as long as its lives say, in virtual time. */
function lives$(lengths: readonly number[], policy: RestartPolicy): Observable<string> {
  const births: number[] = [];
  const feed = (model: Model, at: number): Observable<Model> => {
    const { next, retryInMs } = model.slots[0] ?? {};
    if (retryInMs !== undefined)
      return timer(retryInMs).pipe(
        map(() => reduce(model, RETRY, policy)),
        concatMap((after) => feed(after, at + retryInMs)),
      );
    if (next === undefined) return of(model);
    const serving = reduce(model, started(next), policy);
    births.push(at);
    const ranMs = lengths[births.length - 1];
    if (ranMs === undefined) return of(serving);
    const ended = {
      generation: next,
      at: new Date(at + ranMs),
      ranMs,
      cause: 'crashed',
      error,
    } as GenerationStop;
    return timer(ranMs).pipe(
      map(() => reduce(serving, { type: 'stopped', stop: ended }, policy)),
      concatMap((after) => feed(after, at + ranMs)),
    );
  };
  return feed(run([WANTED], policy), 0).pipe(
    timestamp({ now: () => births.at(-1) ?? 0 }),
    scan((text, { value }) => `${text}${stateOf(value).status}:${births.join()}`, ''),
  );
}

test('in virtual time: restarts at once, then after 10 and 20 ms; a life of 50 ms begins again; the window slides', () => {
  marbles(({ expectObservable }) => {
    const policy = { ...POLICY, intensity: { max: 3, withinMs: 1000 } };
    expectObservable(lives$([5, 5, 5, 5], policy)).toBe('50ms (a|)', { a: 'failed:0,5,20,45' });
    expectObservable(lives$([5, 5, 60, 5], { ...policy, intensity: { max: 9, withinMs: 1000 } })).toBe('95ms (a|)', {
      a: 'ready:0,5,20,80,95',
    });
    expectObservable(lives$([5, 200, 5, 200, 5, 200], POLICY)).toBe('635ms (a|)', {
      a: 'ready:0,5,205,220,420,435,635',
    });
  });
});

const POOL: RestartPolicy = { ...POLICY, size: { min: 3, max: 3 } };
const RELOAD: Input = { type: 'reload' };
const THREE: readonly Input[] = [WANTED, started(1), started(2), started(3)];

/** The generations of each place: the one that serves, and the one that is being started. */
const places = ({ slots }: Model): string =>
  slots.map(({ current = '', next }) => (next === undefined ? `${current}` : `${current}>${next}`)).join(' ');

test('a pool starts all its members at once, and is ready with the first', () => {
  const starting = run([WANTED], POOL);
  assert.equal(places(starting), '>1 >2 >3');
  const first = reduce(starting, started(2), POOL);
  assert.deepEqual(stateOf(first), ready(2));
  const state = stateOf(run(THREE, POOL));
  assert.ok(state.status === 'ready');
  assert.deepEqual([state.generation, state.members.map(({ generation }) => generation)], [3, [1, 2, 3]]);
});

test('a member that stops is started again in its place; the others serve on, each with waits of its own', () => {
  const once = run([...THREE, stop(2, 10)], POOL);
  assert.equal(places(once), '1 >4 3');
  assert.equal(stateOf(once).status, 'ready');
  const twice = reduce(once, stop(4, 20, 0, 'failed-start'), POOL);
  assert.equal(places(twice), '1  3');
  assert.deepEqual(
    twice.slots.map(({ retryInMs, attempt }) => [retryInMs, attempt]),
    [
      [undefined, 1],
      [10, 3],
      [undefined, 1],
    ],
  );
  assert.equal(places(reduce(twice, { type: 'retry', slot: 1 }, POOL)), '1 >5 3');
});

test('the stops of all members count together: one more gives up that member, and the plugin with the last', () => {
  const limited = run([...THREE, stop(1, 0), started(4), stop(2, 10), started(5), stop(3, 20)], POOL);
  assert.equal(places(limited), '4 5 ');
  assert.equal(stateOf(limited).status, 'ready');
  const last = [stop(4, 30), stop(5, 40)].reduce((model, input) => reduce(model, input, POOL), limited);
  const state = stateOf(last);
  assert.ok(state.status === 'failed' && state.error.code === 'ERR_RESTART_LIMIT');
  assert.equal(state.stops.length, 5);
  assert.equal(places(reduce(limited, { type: 'reset' }, POOL)), '4 5 >6');
  assert.equal(places(reduce(last, { type: 'reset' }, POOL)), '>6 >7 >8');
});

test('a reload replaces one member after the other', () => {
  const steps: string[] = [];
  [RELOAD, started(4), started(5), started(6)].reduce(
    (model, input) => {
      const after = reduce(model, input, POOL);
      steps.push(places(after));
      return after;
    },
    run(THREE, POOL),
  );
  assert.deepEqual(steps, ['1>4 2 3', '4 2>5 3', '4 5 3>6', '4 5 6']);
});

test('a reload of a pool ends with the first member that does not start, also without overlap', () => {
  const failed = stop(5, 0, 0, 'failed-start');
  assert.equal(places(run([...THREE, RELOAD, started(4), failed], POOL)), '4 2 3');
  const stopFirst = { ...POOL, stopFirst: true };
  assert.equal(places(run([...THREE, RELOAD], stopFirst)), '>4 2 3');
  assert.equal(places(run([...THREE, RELOAD, started(4), failed], stopFirst)), '4 >6 3');
  assert.equal(places(run([...THREE, RELOAD, started(4), failed, started(6)], stopFirst)), '4 6 3');
});

test('a reload that comes while another is under way begins it anew; what does not serve is started at once', () => {
  assert.equal(places(run([...THREE, RELOAD, started(4), RELOAD], POOL)), '4 2>6 3');
  const again = run([...THREE, RELOAD, started(4), RELOAD, started(6), started(7), started(8)], POOL);
  assert.equal(places(again), '7 6 8');
  assert.equal(places(run([WANTED, started(2), RELOAD], POOL)), '>4 2 >5');
});

test('one member is recycled; a member that dies during a reload needs no further replacement', () => {
  assert.equal(places(run([...THREE, { type: 'recycle', generation: 2 }], POOL)), '1 2>4 3');
  assert.equal(places(run([...THREE, RELOAD, stop(3, 0), started(5), started(4)], POOL)), '4 2>6 5');
});

test('the successor of a recycled one is tried until it serves, with waits that grow; the old one serves meanwhile', () => {
  const failed = (generation: number): Input => stop(generation, 0, 0, 'failed-start');
  const once = run([WANTED, started(1), { type: 'recycle', generation: 1 }, failed(2)]);
  assert.deepEqual([stateOf(once), once.slots[0]?.retryInMs, once.stops], [ready(1), 10, []]);
  const twice = [RETRY, { ...failed(3), permanent: true } as Input].reduce(
    (model, input) => reduce(model, input, POLICY),
    once,
  );
  assert.deepEqual([stateOf(twice), twice.slots[0]?.retryInMs, twice.stops], [ready(1), 20, []]);
  const replaced = [RETRY, started(4)].reduce((model, input) => reduce(model, input, POLICY), twice);
  assert.deepEqual(replaced, { ...run([WANTED, started(1)]), last: 4, slots: [{ ...replaced.slots[0], current: 4 }] });
  assert.equal(run([WANTED, started(1), RELOAD, failed(2)]).slots[0]?.retryInMs, undefined, 'a reload is not');
});

test('one that is recycled and dies before there is a successor is started again as any other', () => {
  const died = run([
    WANTED,
    started(1),
    { type: 'recycle', generation: 1 },
    stop(2, 0, 0, 'failed-start'),
    stop(1, 10),
  ]);
  assert.deepEqual(stateOf(died), { status: 'starting', generation: 3, attempt: 2 });
  assert.equal(reduce(died, RETRY, POLICY), died);
});

test('a pool grows by one at a time up to its limit, shrinks to its least, and rests as a whole', () => {
  const policy = { ...POLICY, size: { min: 1, max: 2 } };
  const grown = run([WANTED, started(1), { type: 'grow' }, { type: 'grow' }, started(2), { type: 'grow' }], policy);
  assert.equal(places(grown), '1 2');
  assert.equal(places(reduce(grown, { type: 'shrink' }, policy)), '1');
  assert.equal(places(run([WANTED, started(1), { type: 'shrink' }], policy)), '1');
  const idle = reduce(grown, { type: 'unused' }, policy);
  assert.deepEqual([stateOf(idle).status, places(idle)], ['idle', '']);
});

test('the state of a pool is that of its best member', () => {
  const unwell = (generation: number, health: MemberHealth): Input => ({ type: 'health', generation, health });
  const silent = { status: 'unresponsive', missed: 2 } as const;
  const one = run([...THREE, unwell(1, silent)], POOL);
  assert.equal(stateOf(one).status, 'ready');
  const all = [unwell(2, { status: 'not-serving' }), unwell(3, { status: 'not-serving' })].reduce(
    (model, input) => reduce(model, input, POOL),
    one,
  );
  const state = stateOf(all);
  assert.ok(state.status === 'unresponsive');
  assert.equal(state.missed, 2);
});
