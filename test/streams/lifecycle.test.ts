import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LifecycleEvent, lifecycle, nextState, type PluginState } from '../../src/streams/lifecycle.js';
import { marbles } from '../../src/testing/marbles.js';

const address = { network: 'unix', address: '/tmp/x' } as const;
const running = { id: '7', protocol: 'grpc', protocolVersion: 3, address } as const;
const events: Record<string, LifecycleEvent> = {
  s: { type: 'start' },
  l: { type: 'launched' },
  h: { type: 'handshake' },
  c: { type: 'connected', ...running },
  t: { type: 'death', cause: { kind: 'stopped' } },
  x: { type: 'death', cause: { kind: 'crashed' } },
  g: { type: 'gone', exit: { code: 0, signal: null } },
};
const states: Record<string, PluginState> = {
  i: { status: 'idle' },
  l: { status: 'starting', phase: 'launching' },
  h: { status: 'starting', phase: 'shaking-hands' },
  c: { status: 'starting', phase: 'connecting' },
  r: { status: 'running', ...running },
  t: { status: 'stopping', cause: { kind: 'stopped' } },
  x: { status: 'stopping', cause: { kind: 'crashed' } },
  T: { status: 'exited', cause: { kind: 'stopped' }, exit: { code: 0, signal: null } },
  X: { status: 'exited', cause: { kind: 'crashed' }, exit: { code: 0, signal: null } },
};

for (const { title, source, result, subscription } of [
  { title: 'a whole life', source: '-s-l-h-c-t-g-', result: 'il-h-c-r-t-(T|)', subscription: '^----------!' },
  {
    title: 'the first cause of death is kept',
    source: '-s-l-h-c-x-t-g',
    result: 'il-h-c-r-x---(X|)',
    subscription: '^------------!',
  },
  { title: 'a stop before any start', source: '-t-g', result: 'it-(T|)', subscription: '^--!' },
  { title: 'a crash while starting', source: '-s-l-x-g', result: 'il-h-x-(X|)', subscription: '^------!' },
  {
    title: 'events in the wrong place change nothing',
    source: '-lhcs-s-t-t-s',
    result: 'i---l---t',
    subscription: '^',
  },
  { title: 'nothing', source: '-', result: 'i', subscription: '^' },
]) {
  test(`lifecycle: ${title}`, () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const event$ = hot(source, events);
      expectObservable(event$.pipe(lifecycle())).toBe(result, states);
      expectSubscriptions(event$.subscriptions).toBe(subscription);
    });
  });
}

test('lifecycle: an error of the source is passed on and the source is left', () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const event$ = cold('--s-#', events);
    expectObservable(event$.pipe(lifecycle())).toBe('i-l-#', states);
    expectSubscriptions(event$.subscriptions).toBe('^---!');
  });
});

test('lifecycle: leaving early leaves the source', () => {
  marbles(({ hot, expectObservable, expectSubscriptions }) => {
    const event$ = hot('--s-l-h', events);
    expectObservable(event$.pipe(lifecycle()), '^---!').toBe('i-l--', states);
    expectSubscriptions(event$.subscriptions).toBe('^---!');
  });
});

test('a late event gives the very same state', () => {
  const exited = states['X']!;
  for (const event of Object.values(events)) assert.equal(nextState(exited, event), exited);
});
