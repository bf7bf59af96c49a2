import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asyncScheduler, defer, map, NEVER, type Observable, of, take, throwError, timer } from 'rxjs';
import type { ClientOptions } from '../../src/index.js';
import { type Answer, type HealthReport, type HealthSubject, watchHealth } from '../../src/supervision/health.js';
import {
  DEFAULT_SUPERVISION,
  type HealthOptions,
  resolveSupervision,
  type SupervisionOptions,
} from '../../src/supervision/options.js';
import { whenUnused } from '../../src/supervision/unused.js';
import { marbles } from '../../src/testing/marbles.js';

const OPTIONS: Required<HealthOptions> = { ...DEFAULT_SUPERVISION.health, intervalMs: 10, timeoutMs: 4, failures: 3 };
const wait = (ms: number) => timer(ms);

/** Each check takes one of the answers; `-` is silence. A Promise has no virtual time: its answer comes at once. */
function subject(answers: string, told$: Observable<Answer> = NEVER, traffic: () => number = () => 0): HealthSubject {
  const script = answers.split('');
  const check = (): Promise<Answer> => {
    const next = script.shift() ?? '-';
    const answer$ =
      next === '-' ? throwError(() => new Error('silent')) : of<Answer>(next === 'n' ? 'not-serving' : 'serving');
    // An Observable in the place of the Promise, so that virtual time knows of it.
    return answer$ as unknown as Promise<Answer>;
  };
  return { answers: traffic, check, told$ };
}

const text = (report: HealthReport): string =>
  report.status === 'unresponsive'
    ? `missed ${report.missed}`
    : report.status === 'dead'
      ? `dead: ${report.cause}`
      : report.status;

const reports = (source: HealthSubject, options = OPTIONS): Observable<string> =>
  watchHealth(source, options, wait).pipe(map(text));

test('the first check that fails is announced, and the last of them is the end', () => {
  marbles(({ expectObservable }) => {
    expectObservable(reports(subject('s-s---')), '65ms !').toBe('20ms a 9ms b 9ms a 9ms c 9ms d', {
      a: 'missed 1',
      b: 'serving',
      c: 'missed 2',
      d: 'dead: unresponsive',
    });
  });
});

test('with the defaults a plugin may compute for 34 s; unresponsive is told after 15 s', () => {
  marbles(({ cold, expectObservable }) => {
    const busy = (ms: number): HealthSubject => {
      const blockedUntil = ms;
      // As a real check: an answer when the loop is free again, or the timeout.
      const check = () => {
        const left = blockedUntil - asyncScheduler.now();
        const { timeoutMs } = DEFAULT_SUPERVISION.health;
        return left < timeoutMs ? cold(`${Math.max(0, left)}ms (s|)`, { s: 'serving' }) : cold(`${timeoutMs}ms #`);
      };
      return { answers: () => 0, check: check as unknown as () => Promise<Answer>, told$: NEVER };
    };
    const { health } = DEFAULT_SUPERVISION;
    const told = (ms: number) => watchHealth(busy(ms), health, wait).pipe(map(text));
    expectObservable(told(34_000), '60s !').toBe('15s a 9999ms b 8999ms c', {
      a: 'missed 1',
      b: 'missed 2',
      c: 'serving',
    });
    expectObservable(told(36_000), '36s !').toBe('15s a 9999ms b 9999ms c', {
      a: 'missed 1',
      b: 'missed 2',
      c: 'dead: unresponsive',
    });
  });
});

test('a plugin with a debugger has no health checks, unless they are asked for', () => {
  const health = (client: object, supervision: SupervisionOptions = {}): boolean =>
    resolveSupervision(supervision, client as ClientOptions).health !== undefined;
  assert.equal(health({ command: ['node', 'plugin.js'] }), true);
  for (const option of ['--inspect', '--inspect-brk', '--inspect-wait', '--inspect-brk=127.0.0.1:0'])
    assert.equal(health({ command: ['node', option, 'plugin.js'] }), false, option);
  assert.equal(health({ command: ['node', '--inspect-port=0', 'plugin.js'] }), true);
  assert.equal(health({ command: ['node'], env: { NODE_OPTIONS: '--no-warnings --inspect-brk' } }), false);
  assert.equal(health({ command: ['node', '--inspect'] }, { health: { intervalMs: 1000 } }), true);
});

test('an answer to anything else is a sign of life, and nothing is asked', () => {
  marbles(({ expectObservable }) => {
    let answers = 0;
    const busy = subject('', NEVER, () => answers++);
    expectObservable(reports(busy), '100ms !').toBe('');
  });
});

test('NOT_SERVING is told at once, and held for a minute; serving again is told as well', () => {
  marbles(({ cold, expectObservable }) => {
    const told$ = cold('3ms n 4ms s', { n: 'not-serving', s: 'serving' } as const);
    expectObservable(reports(subject('ssssss', told$)), '50ms !').toBe('3ms a 4ms b', {
      a: 'not-serving',
      b: 'serving',
    });
    const always$ = cold('3ms n', { n: 'not-serving' } as const);
    let answers = 0;
    expectObservable(reports(subject('', always$, () => answers++)), '70s !').toBe('3ms a 59999ms b', {
      a: 'not-serving',
      b: 'dead: not-serving',
    });
  });
});

test('with `restart` it is the end at once, with `ignore` nothing', () => {
  marbles(({ cold, expectObservable }) => {
    const told$ = cold('3ms n', { n: 'not-serving' } as const);
    const source = subject('ssss', told$);
    expectObservable(reports(source, { ...OPTIONS, notServing: 'restart' }), '9ms !').toBe('3ms (ab)', {
      a: 'not-serving',
      b: 'dead: not-serving',
    });
    const ignored$ = watchHealth(subject('ssss', told$), { ...OPTIONS, notServing: 'ignore' }, wait).pipe(map(text));
    expectObservable(ignored$, '9ms !').toBe('3ms a', { a: 'serving' });
  });
});

test('a watch that breaks is opened again', () => {
  marbles(({ cold, expectObservable }) => {
    let opened = 0;
    const told$ = defer(() => (++opened === 1 ? cold<Answer>('2ms #') : cold('1ms n', { n: 'not-serving' } as const)));
    expectObservable(reports(subject('ssss', told$)), '15ms !').toBe('13ms a', { a: 'not-serving' });
  });
});

test('unused is told when nothing was used for the time, and no more than a quarter later', () => {
  marbles(({ expectObservable }) => {
    const never = { uses: () => 0, busy: () => false };
    expectObservable(whenUnused(never, 40, wait).pipe(take(1))).toBe('40ms (a|)', { a: undefined });
    let uses = 0;
    timer(15).subscribe(() => uses++);
    expectObservable(whenUnused({ ...never, uses: () => uses }, 40, wait).pipe(take(1))).toBe('60ms (a|)', {
      a: undefined,
    });
    let busy = true;
    timer(25).subscribe(() => {
      busy = false;
    });
    expectObservable(whenUnused({ uses: () => 0, busy: () => busy }, 40, wait).pipe(take(1))).toBe('60ms (a|)', {
      a: undefined,
    });
  });
});
