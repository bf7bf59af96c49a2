import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CHECK_ITEMS, type CheckResult } from 'rxplug/testing';
import { mutantOf } from '../check/mutants.js';
import { goPlugin, needsGo } from '../conformance/peers.js';
import { within } from '../support/defer.js';
import { CLI, runCli } from './run-cli.js';

const COOKIE = ['--cookie', 'MUTANT_PLUGIN=hello'];

/** Checks few items, of which the plugin does not meet one. */
const checkMutant = (id: string, ...flags: string[]) =>
  runCli(['check', 'plugin', ...COOKIE, '--only', 'S-04,G-01,G-02', ...flags, '--', ...mutantOf(id)]);

/** Runs a program of Debian; undefined where it is not installed, which is a failure in CI. */
function oracle(program: string, args: readonly string[], input: string): SpawnSyncReturns<string> | undefined {
  const ran = spawnSync(program, args, { input, encoding: 'utf8', timeout: 20_000 });
  if (ran.error === undefined) return ran;
  assert.notEqual(process.env['CI'], 'true', `${program} is not installed`);
  return undefined;
}

test('a MUST that is not met is the exit code 1, with what was expected', async () => {
  const { code, stdout, stderr } = await checkMutant('G-01');
  assert.equal(code, 1, stderr);
  assert.match(stdout, /^G {2}gRPC\n {2}✘ G-01 says that it is healthy +NOT_SERVING\n {9}MUST: SERVING as/m);
  assert.match(stdout, /\n2 passed, 1 failed\n$/);
  assert.equal(stderr, '1 of 3 items failed.\n');
});

test('a SHOULD that is not met is a warning, and with --strict the exit code 1', async () => {
  const lax = await checkMutant('G-02');
  assert.deepEqual([lax.code, lax.stderr], [0, '']);
  assert.match(lax.stdout, /^ {2}! G-02 /m);
  const strict = await checkMutant('G-02', '--strict');
  assert.equal(strict.code, 1);
});

test('--json is one document', async () => {
  const { code, stdout } = await checkMutant('G-01', '--json');
  assert.equal(code, 1);
  const { tool, target, startedAt, items } = JSON.parse(stdout);
  assert.deepEqual([tool, target], ['rxplug', mutantOf('G-01').join(' ')]);
  assert.ok(Date.parse(startedAt) > 0);
  const found = items.find(({ id }: CheckResult) => id === 'G-01');
  assert.deepEqual([found.result, found.level, found.got], ['fail', 'MUST', 'NOT_SERVING']);
});

test('--format tap is what prove reads', async (t) => {
  const { stdout } = await checkMutant('G-01', '--format', 'tap');
  assert.match(stdout, /^not ok 2 - G-01 /m);
  const directory = mkdtempSync(join(tmpdir(), 'tap-'));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [name, text, code] of [
    ['failed', stdout, 1],
    ['warned', (await checkMutant('G-02', '--format', 'tap')).stdout, 0],
  ] as const) {
    writeFileSync(join(directory, name), text);
    const ran = oracle('prove', ['--exec', 'cat', join(directory, name)], '');
    if (ran === undefined) return t.skip('prove is not installed (perl)');
    assert.equal(ran.status, code, ran.stdout + ran.stderr);
  }
});

test('--format junit is XML', async (t) => {
  const { stdout } = await checkMutant('G-01', '--format', 'junit');
  assert.match(stdout, /<testsuite name="rxplug check plugin .* tests="3" failures="1" errors="0" skipped="0"/);
  assert.match(stdout, /<failure type="MUST" message="NOT_SERVING">/);
  const ran = oracle('xmllint', ['--noout', '-'], stdout);
  if (ran === undefined) return t.skip('xmllint is not installed (libxml2-utils)');
  assert.deepEqual([ran.status, ran.stderr], [0, '']);
});

test('--format github annotates what is not met', async () => {
  const failed = await checkMutant('G-01', '--format', 'github');
  assert.match(failed.stdout, /^::error title=G-01 says that it is healthy::NOT_SERVING\. MUST: /m);
  const warned = await checkMutant('G-02', '--format', 'github');
  assert.match(warned.stdout, /^::warning title=G-02 .*::unknown service: /m);
});

test('--call makes the call in which the plugin dials', needsGo(), async () => {
  const callBack = 'Probe/CallBack {"brokerId":"$broker"}';
  const args = [
    '--cookie',
    'RXPLUG_CONFORMANCE=hello',
    '--only',
    'B-01',
    '--call',
    callBack,
    '--',
    ...(await goPlugin()),
  ];
  const { code, stdout, stderr } = await runCli(['check', 'plugin', ...args]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /✔ B-01 .* it dials$/m);
});

test('--list starts nothing', async () => {
  const { code, stdout } = await runCli(['check', 'plugin', '--list']);
  assert.equal(code, 0);
  for (const { id } of CHECK_ITEMS) assert.match(stdout, new RegExp(`^${id} `, 'm'));
});

for (const [what, args, code, expected] of [
  ['no program', [], 2, 'Expected a program, or its command line after --.'],
  ['two programs', [...COOKIE, 'a', 'b'], 2, 'Expected a program alone, got b too.'],
  ['an unknown item', [...COOKIE, '--only', 'Q', 'a'], 2, 'There is no item "Q" to check.'],
  ['a call without an id', [...COOKIE, '--call', 'A/B {}', 'a'], 2, 'Expected --call to be a method and its request'],
  ['no such file', [...COOKIE, '/nowhere'], 2, 'The program /nowhere cannot be found'],
  ['no plugin', [...COOKIE, '--', process.execPath, '-e', '1'], 3, 'ERR_EXITED_EARLY: '],
  ['a wrong cookie', ['--cookie', 'MUTANT_PLUGIN=x', '--', ...mutantOf('none')], 3, 'ERR_EXITED_EARLY: '],
] as const) {
  test(`${what}: told in a line, with the exit code ${code}`, async () => {
    const ended = await runCli(['check', 'plugin', ...args]);
    assert.deepEqual([ended.code, ended.stdout], [code, ''], ended.stderr);
    assert.ok(ended.stderr.startsWith(expected), ended.stderr);
  });
}

test('a signal ends the plugins with the command', async () => {
  const args = ['check', 'plugin', ...COOKIE, '--skip', 'S-01,S-02,S-03', '--', ...mutantOf('none')];
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  await within(20_000, 'the first result', once(child.stdout, 'data'));
  child.stdout.resume();
  child.kill('SIGINT');
  // What is left of the plugins is found when the test run ends.
  const [, signal] = await within(20_000, 'the end of the command', once(child, 'exit'));
  assert.equal(signal, 'SIGINT');
});
