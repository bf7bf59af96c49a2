import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatMap, map, type Observable, of, scan, timer, timestamp } from 'rxjs';
import { StartError } from '../../src/errors.js';
import { INITIAL, type Input, type Model, type RestartPolicy, reduce, stateOf } from '../../src/supervision/reducer.js';
import type { GenerationStop, StopCause } from '../../src/supervision/state.js';
import { marbles } from '../../src/testing/marbles.js';

const error = new StartError('ERR_EXITED_EARLY', 'It ended.');

const POLICY: RestartPolicy = {
  restart: 'always',
  intensity: { max: 2, withinMs: 100 },
  waitMs: (attempt) => (attempt <= 2 ? 0 : 10 * (attempt - 2)),
  resetAfterMs: 50,
  stopFirst: false,
};

const stop = (generation: number, at: number, ranMs = 0, cause: StopCause = 'crashed', code = 1): Input => ({
  type: 'stopped',
  stop: { generation, at: new Date(at), ranMs, cause, error, exit: { code, signal: null }, stderr: [] },
});

const started = (generation: number): Input => ({ type: 'started', generation });

function run(inputs: readonly Input[], policy: RestartPolicy = POLICY): Model {
  return inputs.reduce((model, input) => reduce(model, input, policy), INITIAL);
}

const WANTED: Input = { type: 'wanted' };

test('a call starts the first generation, and one that serves is ready', () => {
  assert.deepEqual(stateOf(INITIAL), { status: 'idle' });
  assert.deepEqual(stateOf(run([WANTED])), { status: 'starting', generation: 1, attempt: 1 });
  assert.deepEqual(stateOf(run([WANTED, WANTED, started(1)])), { status: 'ready', generation: 1 });
});

test('the first death is followed by a start at once, the next by waits that grow', () => {
  const dead = run([WANTED, started(1), stop(1, 10)]);
  assert.deepEqual(stateOf(dead), { status: 'starting', generation: 2, attempt: 2 });
  const again = reduce(dead, stop(2, 20, 0, 'failed-start'), POLICY);
  assert.equal(stateOf(again).status, 'waiting');
  assert.equal(again.retryInMs, 10);
  assert.deepEqual(stateOf(reduce(again, { type: 'retry' }, POLICY)), {
    status: 'starting',
    generation: 3,
    attempt: 3,
  });
});

test('one stop more than the intensity allows gives it up, with all stops; reset and reload start it again', () => {
  const failed = run([
    WANTED,
    started(1),
    stop(1, 0),
    started(2),
    stop(2, 50),
    { type: 'retry' },
    started(3),
    stop(3, 99),
  ]);
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
  const model = run([
    WANTED,
    started(1),
    stop(1, 0),
    started(2),
    stop(2, 50),
    { type: 'retry' },
    started(3),
    stop(3, 100),
  ]);
  assert.notEqual(model.status, 'failed');
  assert.deepEqual(
    model.stops.map(({ generation }) => generation),
    [2, 3],
  );
});

test('with an intensity of 0 the first stop gives it up', () => {
  const policy = { ...POLICY, intensity: { max: 0, withinMs: 100 } };
  assert.equal(run([WANTED, started(1), stop(1, 0)], policy).status, 'failed');
});

test('after a generation that served for long the waits begin again', () => {
  const model = run([WANTED, started(1), stop(1, 0), started(2), stop(2, 200, 60)]);
  assert.deepEqual(stateOf(model), { status: 'starting', generation: 3, attempt: 2 });
});

test('restart: never gives up after the first stop; on-failure takes exit code 0 for wanted', () => {
  assert.equal(run([WANTED, started(1), stop(1, 0)], { ...POLICY, restart: 'never' }).status, 'failed');
  const onFailure = { ...POLICY, restart: 'on-failure' } as const;
  assert.equal(run([WANTED, started(1), stop(1, 0, 0, 'crashed', 0)], onFailure).status, 'idle');
  assert.equal(run([WANTED, started(1), stop(1, 0, 0, 'crashed', 1)], onFailure).status, 'active');
});

test('a failure that another start would repeat gives it up at once', () => {
  const model = run([WANTED, { ...stop(1, 0, 0, 'failed-start'), permanent: true } as Input]);
  const state = stateOf(model);
  assert.ok(state.status === 'failed');
  assert.equal(state.error, error);
});

test('a reload starts the next generation beside the one that serves, and takes its place', () => {
  const reloading = run([WANTED, started(1), { type: 'reload' }]);
  assert.deepEqual(stateOf(reloading), { status: 'ready', generation: 1, reloading: 2 });
  assert.deepEqual(stateOf(reduce(reloading, started(2), POLICY)), { status: 'ready', generation: 2 });
});

test('a reload that fails changes nothing, and does not count', () => {
  const model = run([WANTED, started(1), { type: 'reload' }, stop(2, 0, 0, 'failed-start')]);
  assert.deepEqual(stateOf(model), { status: 'ready', generation: 1 });
  assert.deepEqual(model.stops, []);
});

test('the one that serves may die during a reload: the next one goes on starting', () => {
  const model = run([WANTED, started(1), { type: 'reload' }, stop(1, 0)]);
  assert.deepEqual(stateOf(model), { status: 'starting', generation: 2, attempt: 2 });
  assert.deepEqual(stateOf(reduce(model, started(2), POLICY)), { status: 'ready', generation: 2 });
});

test('a reload during a start, and during a reload, begins anew with fresh options', () => {
  assert.deepEqual(stateOf(run([WANTED, { type: 'reload' }])), { status: 'starting', generation: 2, attempt: 1 });
  const twice = run([WANTED, started(1), { type: 'reload' }, { type: 'reload' }]);
  assert.deepEqual(stateOf(twice), { status: 'ready', generation: 1, reloading: 3 });
  assert.equal(reduce(twice, started(2), POLICY), twice, 'the start that was given up does not count');
});

test('with stop-first nothing serves between the two', () => {
  const model = run([WANTED, started(1), { type: 'reload' }], { ...POLICY, stopFirst: true });
  assert.deepEqual(stateOf(model), { status: 'starting', generation: 2, attempt: 1 });
});

test('health is told of the generation that serves only', () => {
  const health = { status: 'unresponsive', missed: 1 } as const;
  const model = run([WANTED, started(1), { type: 'health', generation: 1, health }]);
  assert.deepEqual(stateOf(model), { status: 'unresponsive', missed: 1, generation: 1 });
  assert.equal(reduce(model, { type: 'health', generation: 7, health: { status: 'serving' } }, POLICY), model);
});

test('unused means idle, unless it is reloading; stop is the end', () => {
  assert.equal(run([WANTED, started(1), { type: 'unused' }]).status, 'idle');
  assert.equal(run([WANTED, started(1), { type: 'reload' }, { type: 'unused' }]).status, 'active');
  const stopping = run([WANTED, started(1), { type: 'stop' }, WANTED, { type: 'reload' }]);
  assert.deepEqual(stateOf(stopping), { status: 'stopping' });
  assert.deepEqual(stateOf(run([WANTED, { type: 'stop' }, { type: 'ended' }, WANTED])), { status: 'stopped' });
});

/** A plugin that lives as long as its lives say, in virtual time. */
function lives$(lengths: readonly number[], policy: RestartPolicy): Observable<string> {
  const births: number[] = [];
  const feed = (model: Model, at: number): Observable<Model> => {
    if (model.status === 'waiting')
      return timer(model.retryInMs).pipe(
        map(() => reduce(model, { type: 'retry' }, policy)),
        concatMap((next) => feed(next, at + model.retryInMs)),
      );
    if (model.next === undefined) return of(model);
    const serving = reduce(model, started(model.next), policy);
    births.push(at);
    const ranMs = lengths[births.length - 1];
    if (ranMs === undefined) return of(serving);
    const ended = {
      generation: model.next,
      at: new Date(at + ranMs),
      ranMs,
      cause: 'crashed',
      error,
    } as GenerationStop;
    return timer(ranMs).pipe(
      map(() => reduce(serving, { type: 'stopped', stop: ended }, policy)),
      concatMap((next) => feed(next, at + ranMs)),
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
