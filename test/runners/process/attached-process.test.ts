import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { PluginError } from '../../../src/errors.js';
import { identify } from '../../../src/processes/identity.js';
import { attachProcess } from '../../../src/runners/process/attached-process.js';
import type { AttachedRunner } from '../../../src/runners/runner.js';
import { watchResources } from '../../support/active-resources.js';
import { within } from '../../support/defer.js';
import { isAlive } from '../../support/process-alive.js';

const children: ChildProcess[] = [];
after(() => children.forEach((child) => child.kill('SIGKILL')));
const bounded = <T>(what: string, promise: Promise<T>) => within(15_000, what, promise);
const hasCode = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;
const answers = () => Promise.resolve();

/** A process that does nothing and lives long enough. */
async function sleeper(): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 600000)'], { stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  return child as ChildProcess & { pid: number };
}

async function attachedTo(pid: number, options: { readonly startTime?: string } = {}): Promise<AttachedRunner> {
  return await attachProcess({ pid, probe: answers, pollMs: 5, ...options });
}

test('a process is identified by its pid and start time while it exists', async () => {
  const child = await sleeper();
  const first = await identify(child.pid);
  assert.equal(first?.pid, child.pid);
  assert.match(String(first?.startTime), /^\d+$/);
  assert.deepEqual(await identify(child.pid), first);
  assert.notEqual((await identify(process.pid))?.startTime, first?.startTime);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(await identify(child.pid), undefined);
});

test('where there is no /proc, ps tells the same', { skip: process.platform === 'win32' }, async () => {
  const child = await sleeper();
  const first = await identify(child.pid, 'darwin');
  assert.match(String(first?.startTime), /^\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}$/);
  assert.deepEqual(await identify(child.pid, 'darwin'), first);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(await identify(child.pid, 'darwin'), undefined);
});

test('where there is neither, a signal tells whether it lives', async () => {
  assert.deepEqual(await identify(process.pid, 'win32'), { pid: process.pid });
  const child = await sleeper();
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(await identify(child.pid, 'win32'), undefined);
});

test('K-10 its exit is emitted, to early and late subscribers, and then it is not watched any more', async () => {
  const assertNothingLeft = watchResources();
  const child = await sleeper();
  const runner = await attachedTo(child.pid);
  assert.equal(runner.id, String(child.pid));
  const exit = firstValueFrom(runner.exit$);
  child.kill('SIGTERM');
  assert.deepEqual(await bounded('the end', exit), { code: null, signal: null });
  assert.deepEqual(await firstValueFrom(runner.exit$), { code: null, signal: null });
  await runner.kill();
  await assertNothingLeft();
});

test('kill ends it and resolves when it has exited, also when called again or concurrently', async () => {
  const child = await sleeper();
  const runner = await attachedTo(child.pid, (await identify(child.pid)) ?? {});
  await bounded('the end', Promise.all([runner.kill(), runner.kill()]));
  assert.equal(isAlive(child.pid), false);
  assert.deepEqual(await firstValueFrom(runner.exit$), { code: null, signal: null });
});

test('release leaves it running and stops watching', async () => {
  const assertNothingLeft = watchResources();
  const child = await sleeper();
  child.unref();
  const runner = await attachedTo(child.pid);
  runner.release?.();
  await assertNothingLeft();
  assert.equal(isAlive(child.pid), true);
});

test('processes that it has started are not killed', async () => {
  const program = `const { spawn } = require('node:child_process');
    const { pid } = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 600000)'], { stdio: 'ignore' });
    console.log(pid); setTimeout(() => {}, 600000);`;
  const parent = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(parent);
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const runner = await attachedTo(parent.pid!);
  await runner.kill();
  const grandchild = Number(line.toString());
  assert.equal(isAlive(grandchild), true);
  process.kill(grandchild, 'SIGKILL');
});

test('K-09 a process that is gone is not found', async () => {
  const child = await sleeper();
  child.kill('SIGKILL');
  await once(child, 'exit');
  await assert.rejects(attachedTo(child.pid), hasCode('ERR_PROCESS_NOT_FOUND'));
});

test('K-09 a process without a listener at its address is not the plugin, and is not killed', async () => {
  const child = await sleeper();
  const cause = new Error('connection refused');
  const attaching = attachProcess({ pid: child.pid, probe: () => Promise.reject(cause) });
  await assert.rejects(
    attaching,
    (error) => hasCode('ERR_PROCESS_NOT_FOUND')(error) && (error as Error).cause === cause,
  );
  assert.equal(isAlive(child.pid), true);
});

test('the error for a reused pid says so, and its process is not killed', async () => {
  const child = await sleeper();
  await assert.rejects(attachedTo(child.pid, { startTime: '1' }), hasCode('ERR_PROCESS_REUSED'));
  assert.equal(isAlive(child.pid), true);
});

test('a process that got the pid after the exit of the plugin is not killed', async (context) => {
  const child = await sleeper();
  const runner = await attachProcess({ pid: child.pid, probe: answers, pollMs: 600_000 });
  context.after(() => runner.release?.());
  const started = (await identify(child.pid))?.startTime;
  child.kill('SIGKILL');
  await once(child, 'exit');
  // Start times are counted in hundredths of a second: within the same one a stranger could not be told from the plugin.
  for (let now = started; now === started; ) now = (await identify((await sleeper()).pid))?.startTime;
  const stranger = await sleeperWithPid(child.pid);
  if (stranger === undefined) return context.skip('this system does not let a test choose a pid');
  await bounded('the end', runner.kill());
  assert.equal(isAlive(child.pid), true);
  stranger.kill('SIGKILL');
});

/** Linux lets root say which pid was given last; the next one may still go to somebody else. */
async function sleeperWithPid(pid: number): Promise<ChildProcess | undefined> {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
    } catch {
      return undefined;
    }
    const child = await sleeper();
    if (child.pid === pid) return child;
    child.kill('SIGKILL');
  }
  return undefined;
}

test('this process itself is not killed', async () => {
  const runner = await attachedTo(process.pid);
  await assert.rejects(runner.kill(), hasCode('ERR_OPTIONS'));
  runner.release?.();
});
