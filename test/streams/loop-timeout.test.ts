import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { lastValueFrom, toArray } from 'rxjs';
import { loopTimer, setLoopTimeout } from '../../src/streams/loop-timeout.js';
import { settledWithin } from '../../src/streams/settled-within.js';
import { blockLoop } from '../support/block-loop.js';
import { within } from '../support/defer.js';
import { socketPair } from '../support/socket-pair.js';

async function connected(t: TestContext): Promise<[Socket, Socket]> {
  const [near, far] = await socketPair();
  t.after(() => {
    near.destroy();
    far.destroy();
  });
  return [near, far];
}

test('a timeout calls back once, and not when it was cancelled', async () => {
  const calls: string[] = [];
  const cancel = setLoopTimeout(() => calls.push('cancelled'), 5);
  cancel();
  await new Promise<void>((resolve) => {
    setLoopTimeout(() => {
      calls.push('due');
      resolve();
    }, 20);
  });
  cancel();
  assert.deepEqual(calls, ['due']);
});

test('a timeout can be cancelled until it calls back, in the last phase too', async () => {
  let cancel = (): void => {};
  const outcome = await new Promise((resolve) => {
    cancel = setLoopTimeout(() => resolve('called back'), 0);
    // Runs after the timer of 0 ms and before the callback, which comes after one more phase of I/O.
    setTimeout(() => {
      cancel();
      setTimeout(resolve, 5, 'cancelled');
    }, 0);
    // Both timers are due when the loop goes on, so that it calls them in one phase.
    blockLoop(5);
  });
  assert.equal(outcome, 'cancelled');
});

test('the time in which the loop was blocked does not count: what has arrived meanwhile is read first', async (t) => {
  const [near, far] = await connected(t);
  far.write('here');
  const arriving = settledWithin(200, once(near, 'data'));
  blockLoop(400);
  assert.equal(await arriving, true);
});

test('after a block there is time for several exchanges', async (t) => {
  const [near, far] = await connected(t);
  far.on('data', (chunk) => far.write(chunk));
  const exchange = async (): Promise<void> => {
    for (let count = 0; count < 10; count += 1) {
      near.write('x');
      await once(near, 'data');
    }
  };
  const exchanging = settledWithin(500, exchange());
  blockLoop(600);
  assert.equal(await exchanging, true);
});

test('loopTimer emits once and completes, and leaves no timer when it is unsubscribed from', async () => {
  assert.deepEqual(await lastValueFrom(loopTimer(5).pipe(toArray())), [undefined]);
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const subscription = loopTimer(60_000).subscribe();
  assert.equal(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length, before + 1);
  subscription.unsubscribe();
  assert.equal(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length, before);
});

test('a timeout that does not keep the process alive comes in time when nothing else happens', async () => {
  const module = new URL('../../src/streams/loop-timeout.js', import.meta.url).href;
  // Only the interval keeps it alive, and wakes it in twelve days.
  const program = `
    const { setLoopTimeout } = await import(${JSON.stringify(module)});
    setInterval(() => {}, 2 ** 30);
    setLoopTimeout(() => process.exit(7), 20, { ref: false });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
  const [code] = await within(20_000, 'the end of the process', once(child, 'exit')).finally(() =>
    child.kill('SIGKILL'),
  );
  assert.equal(code, 7);
});

test('a timeout that does not keep the process alive does not', async () => {
  const module = new URL('../../src/streams/loop-timeout.js', import.meta.url).href;
  const program = `
    const { setLoopTimeout } = await import(${JSON.stringify(module)});
    setLoopTimeout(() => process.exit(7), 600_000, { ref: false });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
  const [code] = await within(20_000, 'the end of the process', once(child, 'exit')).finally(() =>
    child.kill('SIGKILL'),
  );
  assert.equal(code, 0);
});
