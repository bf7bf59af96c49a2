import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, map, mergeMap, type Observable, tap } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { ClosedError, PluginCallError } from '../../src/errors.js';
import { Rendezvous, type RendezvousOptions } from '../../src/streams/rendezvous.js';
import { marbles } from '../../src/testing/marbles.js';

/** A room of 5 ms whose reaped values are kept as `value@id`. */
function room(options: RendezvousOptions<string> = {}): { room: Rendezvous<string>; reaped: string[] } {
  const reaped: string[] = [];
  const onReaped = (value: string, id: number): void => void reaped.push(`${value}@${id}`);
  return { room: new Rendezvous<string>({ timeoutMs: 5, onReaped, ...options }), reaped };
}

const timedOut = new PluginCallError(
  'ERR_BROKER_TIMEOUT',
  'The peer did not use broker id 1 within 5 ms. One side accepts an id and the other dials it; each id is used once.',
);
const closed = new ClosedError('ERR_CLOSED', 'The broker was closed: its plugin connection has ended.');
const awaited = new PluginCallError('ERR_BROKER', 'Broker id 1 is awaited already. Take a new id for each connection.');

test('a taker gets the value that is offered later, and completes', () => {
  marbles(({ cold, expectObservable, flush }) => {
    const { room: meeting, reaped } = room();
    expectObservable(meeting.take(1)).toBe('--(a|)');
    expectObservable(cold('--a').pipe(tap((value) => meeting.offer(1, value))));
    flush();
    assert.deepEqual(reaped, []);
  });
});

test('an offered value waits for its taker, which completes at once', () => {
  marbles(({ expectObservable, flush }) => {
    const { room: meeting, reaped } = room();
    assert.equal(meeting.offer(1, 'a'), true);
    expectObservable(meeting.take(1), '---^').toBe('---(a|)');
    expectObservable(meeting.take(1), '----^').toBe('---- 5ms #', undefined, timedOut);
    flush();
    assert.deepEqual(reaped, []);
  });
});

test('a taker without a value gets an error after the timeout, and the id is free again', () => {
  marbles(({ expectObservable }) => {
    const { room: meeting } = room();
    expectObservable(meeting.take(1)).toBe('5ms #', undefined, timedOut);
    expectObservable(meeting.take(1), '6ms ^').toBe('6ms 5ms #', undefined, timedOut);
  });
});

test('a value that is not taken is reaped after the timeout', () => {
  marbles(({ cold, expectObservable, flush }) => {
    const { room: meeting, reaped } = room();
    const seen: string[] = [];
    meeting.offer(1, 'a');
    expectObservable(cold('----x-x').pipe(tap(() => seen.push(reaped.join()))));
    flush();
    assert.deepEqual(seen, ['', 'a@1']);
    assert.deepEqual(reaped, ['a@1']);
  });
});

test('taking is cold: only a subscriber waits, and after unsubscribing another one can', () => {
  marbles(({ cold, expectObservable }) => {
    const { room: meeting } = room();
    const taken$ = meeting.take(1);
    expectObservable(taken$, '^--!').toBe('----');
    expectObservable(taken$, '----^').toBe('-----(a|)');
    expectObservable(cold('-----a').pipe(tap((value) => meeting.offer(1, value))));
  });
});

test('a second taker of the same id is refused, and the first goes on waiting', () => {
  marbles(({ cold, expectObservable }) => {
    const { room: meeting } = room();
    expectObservable(meeting.take(1)).toBe('---(a|)');
    expectObservable(meeting.take(1), '-^').toBe('-#', undefined, awaited);
    expectObservable(cold('---a').pipe(tap((value) => meeting.offer(1, value))));
  });
});

test('a second value for the same id is reaped at once and the first is kept', () => {
  marbles(({ expectObservable }) => {
    const { room: meeting, reaped } = room();
    assert.equal(meeting.offer(1, 'a'), true);
    assert.equal(meeting.offer(1, 'b'), false);
    assert.deepEqual(reaped, ['b@1']);
    expectObservable(meeting.take(1)).toBe('(a|)');
  });
});

test('ids do not mix', () => {
  marbles(({ cold, expectObservable }) => {
    const { room: meeting } = room();
    const take = (id: string): Observable<string> => meeting.take(Number(id)).pipe(map((value) => value + id));
    expectObservable(cold('123').pipe(mergeMap(take))).toBe('---x-yz', { x: 'a2', y: 'b1', z: 'c3' });
    const offers = cold('---2-13', { 2: [2, 'a'], 1: [1, 'b'], 3: [3, 'c'] } as const);
    expectObservable(offers.pipe(tap(([id, value]) => meeting.offer(id, value)))).toBe('---2-13', {
      2: [2, 'a'],
      1: [1, 'b'],
      3: [3, 'c'],
    });
  });
});

test('keeps no more than maxPending values, refuses the newest, and has room again after one was taken', async () => {
  const { room: meeting, reaped } = room({ maxPending: 2, timeoutMs: 60_000 });
  assert.deepEqual(
    [1, 2, 3].map((id) => meeting.offer(id, 'v')),
    [true, true, false],
  );
  assert.deepEqual(reaped, ['v@3']);
  assert.equal(await firstValueFrom(meeting.take(1)), 'v');
  assert.equal(meeting.offer(4, 'w'), true);
  meeting.close();
  assert.deepEqual(reaped, ['v@3', 'v@2', 'w@4']);
});

test('close fails takers, reaps values, and refuses later ones; a second close does nothing', () => {
  marbles(({ cold, expectObservable, flush }) => {
    const { room: meeting, reaped } = room();
    meeting.offer(2, 'b');
    expectObservable(meeting.take(1)).toBe('--#', undefined, closed);
    expectObservable(meeting.take(1), '---^').toBe('---#', undefined, closed);
    expectObservable(cold('--x').pipe(tap(() => meeting.close())));
    flush();
    assert.deepEqual(reaped, ['b@2']);
    meeting.close();
    assert.equal(meeting.offer(1, 'late'), false);
    assert.deepEqual(reaped, ['b@2', 'late@1']);
  });
});

test('leaves no timer behind, taken or closed', () => {
  const scheduler = new TestScheduler(() => {});
  const taken = new Rendezvous<string>({ scheduler });
  taken.offer(1, 'a');
  taken.take(1).subscribe();
  taken.take(2).subscribe().unsubscribe();
  const closing = new Rendezvous<string>({ scheduler });
  closing.offer(1, 'a');
  closing.take(2).subscribe({ error: () => {} });
  closing.close();
  assert.equal(scheduler.actions.length, 0);
});

test('a taker may offer and take again from within its handler', () => {
  const { room: meeting } = room({ timeoutMs: 60_000 });
  const seen: string[] = [];
  meeting.take(1).subscribe((value) => {
    seen.push(value);
    meeting.offer(1, 'second');
    meeting.take(1).subscribe((next) => seen.push(next));
  });
  meeting.offer(1, 'first');
  assert.deepEqual(seen, ['first', 'second']);
  meeting.close();
});
