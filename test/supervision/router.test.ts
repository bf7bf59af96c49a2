import assert from 'node:assert/strict';
import { test } from 'node:test';
import { map, timer } from 'rxjs';
import { createRouter, type Routable, type RoutedCall } from '../../src/supervision/calls/router.js';
import { whenTooMany } from '../../src/supervision/unused.js';
import { marbles } from '../../src/testing/marbles.js';

const CALL: RoutedCall = { path: '/kv.v1.KV/Get' };

/** Members by their numbers of open calls; `-` takes none. */
const pool = (open: string): Routable[] =>
  open.split(' ').map((calls, place) => ({
    place,
    generation: place + 1,
    openCalls: Number.parseInt(calls, 10) || 0,
    isAvailable: calls !== '-',
  }));

test('least-calls takes the member with the fewest open calls, in turn among equals', () => {
  const route = createRouter('least-calls');
  const places = (open: string, times: number) =>
    Array.from({ length: times }, () => route(pool(open), CALL)?.place).join(' ');
  assert.equal(places('3 1 2', 2), '1 1');
  assert.equal(places('0 0 0', 4), '2 0 1 2');
  assert.equal(places('0 - 0', 3), '0 2 0');
  assert.equal(places('- - -', 1), '');
  assert.equal(createRouter('least-calls')([], CALL), undefined);
});

test('round-robin takes each in turn, whatever is open on it', () => {
  const route = createRouter('round-robin');
  const places = (open: string, times: number) =>
    Array.from({ length: times }, () => route(pool(open), CALL)?.place).join(' ');
  assert.equal(places('9 0 0', 4), '0 1 2 0');
  assert.equal(places('- 0 0', 3), '1 2 1');
});

test('a function chooses among those that take calls; what is none of them is no choice', () => {
  const seen: number[][] = [];
  const route = createRouter((_call, members) => {
    seen.push(members.map(({ place }) => place));
    return members.find(({ place }) => place === 1);
  });
  assert.equal(route(pool('0 5 0'), CALL)?.place, 1);
  assert.equal(route(pool('0 - 0'), CALL), undefined);
  assert.deepEqual(seen, [
    [0, 1, 2],
    [0, 2],
  ]);
  const foreign = createRouter(() => ({ place: 0, generation: 9, openCalls: 0 }));
  assert.equal(foreign(pool('0'), CALL), undefined);
});

test('a pool has one member too many once the others have done with half their calls for the time', () => {
  marbles(({ expectObservable }) => {
    const size = { min: 1, max: 3, scaleUpAtCalls: 4, scaleDownAfterMs: 40 };
    const wait = (ms: number) => timer(ms);
    const told = (open: () => string) => whenTooMany(() => pool(open()), size, wait).pipe(map(() => open()));
    expectObservable(
      told(() => '2 2 0'),
      '90ms !',
    ).toBe('40ms a 39ms a', { a: '2 2 0' });
    expectObservable(
      told(() => '2 2 1'),
      '90ms !',
    ).toBe('');
    expectObservable(
      told(() => '0'),
      '90ms !',
    ).toBe('');
    let open = '4 4 4';
    timer(25).subscribe(() => {
      open = '1 1 1';
    });
    expectObservable(
      told(() => open),
      '90ms !',
    ).toBe('60ms a', { a: '1 1 1' });
  });
});
