import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { ClosedError, OptionsError, StartError } from '../../../src/errors.js';
import { type ProcessRunnerOptions, processRunner } from '../../../src/runners/process/process-runner.js';
import type { Runner } from '../../../src/runners/runner.js';
import { type FixtureName, fixture, testEnv } from '../../fixtures/fixture.js';
import { within } from '../../support/defer.js';
import { firstLine } from '../../support/first-line.js';
import { awaitGone, isAlive } from '../../support/process-alive.js';

const never = new AbortController().signal;

function runnerOf(name: FixtureName, options: Partial<ProcessRunnerOptions> = {}, ...args: string[]): Runner {
  return processRunner({ command: fixture(name, ...args), env: testEnv(), ...options });
}

async function started(
  name: FixtureName,
  options: Partial<ProcessRunnerOptions> = {},
  ...args: string[]
): Promise<Runner> {
  const runner = runnerOf(name, options, ...args);
  await runner.start({ signal: never });
  return runner;
}

describe('start', () => {
  test('passes arguments, working directory and exactly the given environment, and no shell looks at them', async () => {
    const args = ['a b', '$HOME', '"; echo x'];
    const env = { ONLY: 'this', PATH: '/nowhere', RXPLUG_TEST_RUN: process.env['RXPLUG_TEST_RUN'] ?? '' };
    const runner = await started('prints-environment', { cwd: tmpdir(), env }, ...args);
    const seen = JSON.parse(await text(runner.stdout));
    assert.deepEqual(seen.args, args);
    assert.equal(seen.cwd, await realpath(tmpdir()));
    const { RXPLUG_PROCESS_TREE: mark, ...rest } = seen.env;
    assert.deepEqual(rest, env);
    assert.equal(mark !== undefined, process.platform === 'linux');
  });

  test('has id and name, and emits the exit after the end of both streams', async () => {
    const runner = runnerOf('exits-at-once');
    assert.equal(runner.id, '');
    assert.equal(runner.name, process.execPath);
    const events: string[] = [];
    let lastWords = '';
    runner.stdout.on('end', () => events.push('end')).resume();
    runner.stderr
      .on('end', () => events.push('end'))
      .on('data', (chunk: Buffer) => {
        lastWords += chunk.toString();
      });
    runner.exit$.subscribe(() => events.push('exit'));
    await runner.start({ signal: never });
    assert.match(runner.id, /^\d+$/);
    assert.deepEqual(await firstValueFrom(runner.exit$), { code: 3, signal: null });
    assert.deepEqual(events, ['end', 'end', 'exit']);
    assert.equal(lastWords, 'cannot open the database\n');
  });

  test('replays the exit to late subscribers, with the signal that ended the plugin', async () => {
    const runner = await started('prints-last-words');
    runner.stdout.resume();
    runner.stderr.resume();
    assert.deepEqual(await firstValueFrom(runner.exit$), { code: null, signal: 'SIGKILL' });
    assert.deepEqual(await firstValueFrom(runner.exit$), { code: null, signal: 'SIGKILL' });
  });

  test('keeps the output of a plugin for a reader that comes after its exit', async () => {
    const runner = await started('prints-last-words');
    await firstValueFrom(runner.exit$);
    assert.equal(await text(runner.stdout), `${'o'.repeat(60_000)}\n`);
    assert.equal(await text(runner.stderr), `${'e'.repeat(60_000)}\n`);
  });

  test("H-08 the plugin reads from the host's own stdin descriptor", async () => {
    const runner = await started('reads-stdin');
    const { dev, ino } = fstatSync(0);
    assert.equal(await text(runner.stdout), `${dev} ${ino}\n`);
  });

  test('runs once', async () => {
    const runner = await started('exits-at-once');
    await assert.rejects(runner.start({ signal: never }), (error) => error instanceof ClosedError);
    await firstValueFrom(runner.exit$);
    await assert.rejects(runner.start({ signal: never }), (error) => error instanceof ClosedError);
  });

  test('refuses an empty command', () => {
    const empty = [] as unknown as [string]; // what a caller without types may pass
    assert.throws(() => processRunner({ command: empty, env: {} }), OptionsError);
    assert.throws(() => processRunner({ command: [''], env: {} }), OptionsError);
  });

  test('an abort before the start rejects and ends everything', async () => {
    const runner = runnerOf('hangs-before-handshake');
    const outcome = runner.start({ signal: AbortSignal.abort(new Error('changed my mind')) });
    await assert.rejects(outcome, (error) => error instanceof StartError && error.code === 'ERR_START_ABORTED');
    assert.deepEqual(await firstValueFrom(runner.exit$), { code: null, signal: null });
    assert.equal(await text(runner.stdout), '');
    assert.equal(runner.id, '');
  });

  test('H-30 an abort while starting leaves no process behind', async () => {
    const runner = runnerOf('hangs-before-handshake');
    const abort = new AbortController();
    const outcome = runner.start({ signal: abort.signal });
    abort.abort();
    await assert.rejects(outcome, (error) => error instanceof StartError && error.code === 'ERR_START_ABORTED');
    assert.equal(isAlive(Number(runner.id)), false);
    assert.equal(await text(runner.stderr), '');
  });

  test('an abort after the start does nothing', async () => {
    const abort = new AbortController();
    const runner = runnerOf('hangs-before-handshake');
    await runner.start({ signal: abort.signal });
    abort.abort();
    assert.equal(isAlive(Number(runner.id)), true);
    await runner.kill();
  });
});

describe('kill', () => {
  test('ends a plugin that ignores signals; may be called again and concurrently', async () => {
    const runner = await started('hangs-before-handshake');
    await Promise.all([runner.kill(), runner.kill()]);
    assert.equal(isAlive(Number(runner.id)), false);
    assert.deepEqual(await firstValueFrom(runner.exit$), { code: null, signal: 'SIGKILL' });
    await runner.kill();
    assert.equal(await text(runner.stdout), '');
  });

  test('ends a stopped plugin', { skip: process.platform === 'win32' }, async () => {
    const runner = await started('hangs-before-handshake');
    process.kill(Number(runner.id), 'SIGSTOP');
    await runner.kill();
    assert.equal(isAlive(Number(runner.id)), false);
  });

  test('resolves for a plugin that has exited, and for one that was never started', async () => {
    const gone = await started('exits-at-once');
    await firstValueFrom(gone.exit$);
    await gone.kill();
    const unborn = runnerOf('exits-at-once');
    await unborn.kill();
    assert.deepEqual(await firstValueFrom(unborn.exit$), { code: null, signal: null });
    await assert.rejects(unborn.start({ signal: never }), (error) => error instanceof ClosedError);
  });

  test('ends a plugin that floods stderr without a reader, with bounded memory', async () => {
    const runner = await started('floods-stderr');
    await once(runner.stderr, 'readable');
    assert.ok(runner.stderr.readableLength <= 256 << 10, `buffered ${runner.stderr.readableLength}`);
    await runner.kill();
    assert.deepEqual(await firstValueFrom(runner.exit$), { code: null, signal: 'SIGKILL' });
    assert.ok(runner.stderr.readableLength <= 8 << 20, `buffered ${runner.stderr.readableLength}`);
  });

  test('ends a plugin that writes 1 GiB without a newline, all of which passes through bounded memory', async () => {
    const runner = await started('endless-line');
    let leftBytes = 1 << 30;
    let mostBuffered = 0;
    const all = new Promise<void>((resolve) => {
      runner.stdout.on('data', (chunk: Buffer) => {
        leftBytes -= chunk.length;
        mostBuffered = Math.max(mostBuffered, runner.stdout.readableLength);
        if (leftBytes <= 0) resolve();
      });
    });
    await within(60_000, '1 GiB', all);
    await runner.kill();
    assert.equal(leftBytes, 0);
    assert.ok(mostBuffered <= 256 << 10, `buffered ${mostBuffered}`);
  });

  test('a stream that its reader destroyed does not block the plugin', async () => {
    const script = `
      const { writeSync } = require('node:fs');
      for (let left = 100; left > 0; left -= 1) writeSync(1, 'x'.repeat(65536));
      writeSync(2, 'written');`;
    // A module that is preloaded may open stdout, which then is one that says EAGAIN instead of waiting.
    const env = { ...testEnv(), NODE_OPTIONS: '' };
    const runner = processRunner({ command: [process.execPath, '-e', script], env });
    runner.stdout.destroy();
    await runner.start({ signal: never });
    assert.equal(await within(20_000, 'the end of the plugin', text(runner.stderr)), 'written');
    assert.deepEqual(await firstValueFrom(runner.exit$), { code: 0, signal: null });
  });
});

describe('a plugin that forks and leaves children', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  for (const processGroup of ['own', 'shared'] as const) {
    test(`none is left when it is killed, in the process group '${processGroup}'`, async () => {
      const runner = await started('forks-children', { processGroup });
      const pids = (await firstLine(runner.stdout)).split(' ').map(Number);
      assert.equal(pids.length, 3);
      assert.ok(pids.every(isAlive));
      await runner.kill();
      assert.deepEqual(pids.filter(isAlive), []);
      assert.deepEqual(await firstValueFrom(runner.exit$), { code: null, signal: 'SIGKILL' });
    });

    test(`none is left when it has exited by itself, in the process group '${processGroup}'`, async () => {
      const runner = await started('forks-children', { processGroup }, 'exit');
      const output = text(runner.stdout);
      runner.stderr.resume();
      assert.deepEqual(await firstValueFrom(runner.exit$), { code: 0, signal: null });
      assert.deepEqual((await output).split(' ').map(Number).filter(isAlive), []);
    });
  }

  test('a child that dropped the mark and took the pipes along does not hold the streams open', async () => {
    const script = `
      const { spawn } = require('node:child_process');
      const { RXPLUG_PROCESS_TREE, ...env } = process.env;
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'],
        { stdio: ['ignore', 'inherit', 'inherit'], detached: true, env });
      process.stdout.write(child.pid + '\\n', () => process.exit(0));`;
    const runner = processRunner({ command: [process.execPath, '-e', script], env: testEnv() });
    await runner.start({ signal: never });
    runner.stderr.resume();
    const pid = Number(await within(10_000, 'the end of stdout', text(runner.stdout)));
    await firstValueFrom(runner.exit$);
    assert.equal(isAlive(pid), true, 'who leaves on purpose may live on');
    process.kill(pid, 'SIGKILL');
    await awaitGone(pid);
  });
});

describe('a host with nothing else to do', () => {
  const host = fileURLToPath(new URL('../../fixtures/hosts/idle-host.js', import.meta.url));

  test('exits while its plugin still runs, after unref', async () => {
    const child = spawn(process.execPath, [host, 'unref'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const output = text(child.stdout);
    const [code] = await within(20_000, 'the exit of the host', once(child, 'exit'));
    const pid = Number(await output);
    assert.equal(code, 0);
    assert.equal(isAlive(pid), true);
    process.kill(pid, 'SIGKILL');
    await awaitGone(pid);
  });

  test('stays until the plugin exits, without unref', async () => {
    const child = spawn(process.execPath, [host], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const pid = Number(await firstLine(child.stdout));
    assert.equal(isAlive(Number(child.pid)), true);
    process.kill(pid, 'SIGKILL');
    const [code] = await within(20_000, 'the exit of the host', exited);
    assert.equal(code, 0);
  });
});
