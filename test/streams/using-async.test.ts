import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, NEVER, Observable, of } from 'rxjs';
import { usingAsync } from '../../src/streams/using-async.js';
import { defer } from '../support/defer.js';

test('a resource is closed once, and what was made of it ends too', async () => {
  const events: string[] = [];
  const used$ = new Observable<number>((subscriber) => {
    subscriber.next(1);
    return () => events.push('used');
  });
  const scope = { open: async () => 'r', use: () => used$, close: (resource: string) => void events.push(resource) };
  assert.equal(await firstValueFrom(usingAsync(scope)), 1);
  assert.deepEqual(events.sort(), ['r', 'used']);
});

test('the signal of the opening is aborted by an unsubscribe while it opens, and what comes then is closed', async () => {
  const opened = defer<string>();
  const closed = defer<string>();
  let given: AbortSignal | undefined;
  const open = (signal: AbortSignal) => {
    given = signal;
    return opened.promise;
  };
  const subscription = usingAsync({ open, use: () => NEVER, close: closed.resolve }).subscribe();
  assert.equal(given?.aborted, false);
  subscription.unsubscribe();
  assert.equal(given?.aborted, true);
  opened.resolve('late');
  assert.equal(await closed.promise, 'late');
});

test('the signal is not aborted once the resource was opened: an abort takes longer than many openings', async () => {
  let given: AbortSignal | undefined;
  const open = async (signal: AbortSignal) => {
    given = signal;
  };
  await firstValueFrom(usingAsync({ open, use: () => of(1), close: () => {} }));
  assert.equal(given?.aborted, false);
});

test('errors of opening and using are those of the Observable, and what was opened is closed', async () => {
  const closed: number[] = [];
  const close = (resource: number) => void closed.push(resource);
  const failed = { open: () => Promise.reject(new Error('not opened')), use: () => NEVER, close };
  await assert.rejects(firstValueFrom(usingAsync(failed)), /not opened/);
  const unusable = {
    open: async () => 7,
    use: () => {
      throw new Error('not used');
    },
    close,
  };
  await assert.rejects(firstValueFrom(usingAsync<number, never>(unusable)), /not used/);
  assert.deepEqual(closed, [7]);
});
