import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { PluginError } from '../../src/errors.js';
import type { Runner } from '../../src/runners/runner.js';
import { within } from '../support/defer.js';

/** What a program in a runner does. */
export type Behaviour =
  /** Writes `out` to stdout and `err` to stderr, then ends with code 3. */
  | 'prints and exits'
  /** Writes `ready` to stdout, then stays until it is killed. */
  | 'stays'
  /** There is no such program. */
  | 'is not there';

/** JavaScript for runners that run Node. */
export const PROGRAMS: Readonly<Record<Exclude<Behaviour, 'is not there'>, string>> = {
  'prints and exits': "process.stdout.write('out'); process.stderr.write('err'); process.exitCode = 3;",
  stays: "process.stdout.write('ready'); setInterval(() => {}, 60_000);",
};

/** A runner under test. */
export interface RunnerSubject {
  readonly name: string;
  readonly options: { readonly skip: string | false };
  create(behaviour: Behaviour): Runner | Promise<Runner>;
  /** Whether a program that is not there is known at the start already. @default true */
  readonly knowsMissing?: boolean;
}

const LIMIT_MS = 30_000;
const never = new AbortController().signal;

/** By its name: a runner of an example throws the class of the published package. */
const isStartError = (error: unknown): boolean => PluginError.is(error) && error.name === 'StartError';

/** What a host relies on: the numbered list of docs/runners.md. */
export function runnerContract(subject: RunnerSubject): void {
  outputAndExit(subject);
  killing(subject);
  failing(subject);
}

function rule(subject: RunnerSubject, title: string, body: () => Promise<void>): void {
  test(`${subject.name}: ${title}`, subject.options, body);
}

function outputAndExit(subject: RunnerSubject): void {
  rule(
    subject,
    'rules 1, 2: nothing is started by making it, and its streams can be read before the start',
    async () => {
      const runner = await subject.create('prints and exits');
      assert.equal(runner.id, '');
      assert.ok(runner.name.length > 0);
      const output = Promise.all([text(runner.stdout), text(runner.stderr)]);
      await runner.start({ signal: never });
      assert.notEqual(runner.id, '');
      assert.deepEqual(await within(LIMIT_MS, 'the end of the output', output), ['out', 'err']);
      await runner.kill();
    },
  );

  rule(subject, 'rule 4: the exit is told once, to who comes late too, behind the output', async () => {
    const runner = await subject.create('prints and exits');
    await runner.start({ signal: never });
    const exit = await within(LIMIT_MS, 'the exit', lastValueFrom(runner.exit$));
    assert.equal(exit.code, 3);
    assert.deepEqual(await Promise.all([text(runner.stdout), text(runner.stderr)]), ['out', 'err']);
    assert.deepEqual(await firstValueFrom(runner.exit$), exit);
    await runner.kill();
    assert.deepEqual(await firstValueFrom(runner.exit$), exit);
  });
}

function killing(subject: RunnerSubject): void {
  rule(
    subject,
    'rules 5, 8: a kill ends it, twice at once and again; unref and ref change nothing of that',
    async () => {
      const runner = await subject.create('stays');
      await runner.start({ signal: never });
      assert.equal(String((await within(LIMIT_MS, 'output', once(runner.stdout, 'data')))[0]), 'ready');
      runner.unref?.();
      runner.ref?.();
      await within(LIMIT_MS, 'the kill', Promise.all([runner.kill(), runner.kill()]));
      assert.notEqual((await firstValueFrom(runner.exit$)).code, 0);
      assert.equal(await within(LIMIT_MS, 'the end of the output', text(runner.stderr)), '');
      await runner.kill();
    },
  );

  rule(subject, 'rule 5: a runner that never started can be killed too', async () => {
    const runner = await subject.create('stays');
    await within(LIMIT_MS, 'the kill', runner.kill());
    await within(LIMIT_MS, 'the exit', firstValueFrom(runner.exit$));
  });
}

function failing(subject: RunnerSubject): void {
  rule(subject, 'rules 3, 7: a start that is given up rejects with a StartError, and can be diagnosed', async () => {
    const runner = await subject.create('stays');
    await assert.rejects(runner.start({ signal: AbortSignal.abort(new Error('given up')) }), isStartError);
    await within(LIMIT_MS, 'the exit', firstValueFrom(runner.exit$));
    assert.equal(typeof (await runner.diagnose()), 'string');
    await runner.kill();
  });

  rule(subject, 'rules 3, 7: what is not there cannot be started, and is diagnosed', async () => {
    const runner = await subject.create('is not there');
    const start = runner.start({ signal: never });
    if (subject.knowsMissing === false) await start;
    else await assert.rejects(start, isStartError);
    const exit = await within(LIMIT_MS, 'the exit', firstValueFrom(runner.exit$));
    assert.notEqual(exit.code, 0);
    assert.notEqual(await runner.diagnose(), '');
    await runner.kill();
  });
}
