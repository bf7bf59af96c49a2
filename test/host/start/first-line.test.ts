import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asyncScheduler, catchError, NEVER, type Observable, of, throwError } from 'rxjs';
import { PluginError, ProtocolError } from '../../../src/errors.js';
import { type FirstLineOptions, firstLine, handshakeTimeout } from '../../../src/host/start/first-line.js';
import type { Exit } from '../../../src/streams/lifecycle.js';
import { marbles } from '../../../src/testing/marbles.js';
import type { Line } from '../../../src/wire/lines.js';

const options: FirstLineOptions = { settleMs: 5, scheduler: asyncScheduler };
const lineValues: Record<string, Line> = {
  l: { text: '1|1|unix|/p', part: 'whole' },
  m: { text: 'later', part: 'whole' },
  p: { text: 'x'.repeat(5000), part: 'piece' },
  e: { text: '', part: 'whole' },
};
const exitValues: Record<string, Exit> = {
  x: { code: 3, signal: null },
  k: { code: null, signal: 'SIGKILL' },
  u: { code: null, signal: null },
};
const results = {
  l: '1|1|unix|/p',
  e: '',
  L: 'ERR_HANDSHAKE_LINE_TOO_LONG',
  N: 'ERR_HANDSHAKE_NO_LINE',
  X: 'ERR_EXITED_EARLY',
};

/** Errors as their codes, so that a diagram can show them. */
const codes = catchError((error: unknown) => of(PluginError.is(error) ? error.code : `unexpected: ${String(error)}`));

for (const { title, line, exit, result, lineSubscription, exitSubscription } of [
  {
    title: 'the first line',
    line: '--l-m|',
    exit: '-',
    result: '--(l|)',
    lineSubscription: '^-!',
    exitSubscription: '^-!',
  },
  {
    title: 'an empty line counts',
    line: '--e-l',
    exit: '-',
    result: '--(e|)',
    lineSubscription: '^-!',
    exitSubscription: '^-!',
  },
  {
    title: 'a line over the limit',
    line: '--p-l',
    exit: '-',
    result: '--(L|)',
    lineSubscription: '^-!',
    exitSubscription: '^-!',
  },
  {
    title: 'never anything',
    line: '-',
    exit: '-',
    result: '-',
    lineSubscription: '^',
    exitSubscription: '^',
  },
  {
    title: 'stdout ends, then the exit',
    line: '--|',
    exit: '----x',
    result: '----(X|)',
    lineSubscription: '^-!',
    exitSubscription: '^---!',
  },
  {
    title: 'the exit, then stdout ends',
    line: '----|',
    exit: '--x',
    result: '----(X|)',
    lineSubscription: '^---!',
    exitSubscription: '^-!',
  },
  {
    title: 'both at once',
    line: '--|',
    exit: '--x',
    result: '--(X|)',
    lineSubscription: '^-!',
    exitSubscription: '^-!',
  },
  {
    title: 'the exit, then a line that was on its way',
    line: '----l',
    exit: '--x',
    result: '----(l|)',
    lineSubscription: '^---!',
    exitSubscription: '^-!',
  },
  {
    title: 'the exit while a grandchild holds stdout',
    line: '-',
    exit: '--x',
    result: '7ms (X|)',
    lineSubscription: '^ 6ms !',
    exitSubscription: '^-!',
  },
  {
    title: 'stdout ends and the plugin lives on',
    line: '--|',
    exit: '-',
    result: '7ms (N|)',
    lineSubscription: '^-!',
    exitSubscription: '^ 6ms !',
  },
  {
    title: 'the exit is never told',
    line: '--|',
    exit: '-|',
    result: '7ms (N|)',
    lineSubscription: '^-!',
    exitSubscription: '^!',
  },
]) {
  test(`first line: ${title}`, () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const line$ = cold(line, lineValues);
      const exit$ = cold(exit, exitValues);
      expectObservable(firstLine(line$, exit$, options).pipe(codes)).toBe(result, results);
      expectSubscriptions(line$.subscriptions).toBe(lineSubscription);
      expectSubscriptions(exit$.subscriptions).toBe(exitSubscription);
    });
  });
}

test('first line: unsubscribing early unsubscribes from both sources and ends the timer', () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const line$ = cold('-', lineValues);
    const exit$ = cold('--x', exitValues);
    expectObservable(firstLine(line$, exit$, options).pipe(codes), '^---!').toBe('-');
    expectSubscriptions(line$.subscriptions).toBe('^---!');
    expectSubscriptions(exit$.subscriptions).toBe('^-!');
  });
});

test('first line: is cold, every subscription has its own time', () => {
  marbles(({ cold, expectObservable }) => {
    const text$ = firstLine(cold('15ms l', lineValues), NEVER, options).pipe(codes);
    expectObservable(text$).toBe('15ms (l|)', results);
    expectObservable(text$, '--^').toBe('17ms (l|)', results);
  });
});

test('first line: errors of the lines are passed on, except ERR_LIMIT_EXCEEDED', () => {
  marbles(({ cold, expectObservable }) => {
    const broken = new Error('EIO');
    expectObservable(firstLine(cold('--#', {}, broken), NEVER, options)).toBe('--#', {}, broken);
    const limit = new ProtocolError('ERR_LIMIT_EXCEEDED', 'too long', { details: { text: 'xxx' } });
    expectObservable(firstLine(cold('--#', {}, limit), NEVER, options).pipe(codes)).toBe('--(L|)', results);
  });
});

function failureOf(line$: Observable<Line>, exit$: Observable<Exit>): PluginError {
  const seen: unknown[] = [];
  marbles(({ flush }) => {
    firstLine(line$, exit$, options).subscribe({ error: (error: unknown) => seen.push(error) });
    flush();
  });
  const [error] = seen;
  assert.ok(PluginError.is(error));
  return error;
}

test('first line: the error for an early exit has exit code or signal', () => {
  for (const [exit, words] of [
    [exitValues['x']!, /with code 3/],
    [exitValues['k']!, /by SIGKILL/],
    [exitValues['u']!, /for an unknown reason/],
  ] as const) {
    const error = failureOf(NEVER, of(exit));
    assert.match(error.message, words);
    assert.deepEqual([error.details.exitCode, error.details.signal], [exit.code, exit.signal]);
  }
});

test('first line: a line that is too long is shown by its beginning', () => {
  const error = failureOf(of(lineValues['p']!), NEVER);
  assert.match(error.details.text ?? '', /^x{256}…$/);
  assert.ok(error.message.length < 700);
});

test('the error of a start that took too long shows half a line', () => {
  const error = handshakeTimeout(20, '1|1|unix|/p');
  assert.equal(error.details.text, '1|1|unix|/p');
  assert.match(error.message, /within 20 ms.*"1\|1\|unix\|\/p" and no line break/);
  assert.match(handshakeTimeout(20, '').message, /printed nothing/);
});

test('first line: an error of exit$ is passed on', () => {
  const broken = new ProtocolError('ERR_BAD_FRAME', 'exit$ never errors, but if it did');
  assert.equal(
    failureOf(
      NEVER,
      throwError(() => broken),
    ),
    broken,
  );
});
