import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needsGo, REPOSITORY } from '../conformance/build-go.js';
import { goPlugin, ourPlugin } from '../conformance/peers.js';
import { within } from '../support/defer.js';
import { awaitGone, isAlive } from '../support/process-alive.js';
import { CLI, runCli } from './run-cli.js';

const COOKIE = ['--cookie', 'RXPLUG_CONFORMANCE=hello'];
const ours = ['--', ...(await ourPlugin())];
let directory: string;
let descriptors: readonly string[];

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-'));
  const file = join(directory, 'probe.binpb');
  const buf = fileURLToPath(import.meta.resolve('@bufbuild/buf/bin/buf'));
  execFileSync(process.execPath, [buf, 'build', join(REPOSITORY, 'test/conformance/proto'), '-o', file]);
  descriptors = ['--descriptors', file];
});
after(() => rmSync(directory, { recursive: true }));

/** Calls a method of our plugin. */
const callOurs = (words: readonly string[], stdin?: string) =>
  runCli(['call', ...COOKIE, ...descriptors, ...words, ...ours], { stdin });

test('inspect tells handshake, TLS and services of our plugin', async () => {
  const { code, stdout, stderr } = await runCli(['inspect', ...COOKIE, '--json', ...ours]);
  assert.equal(code, 0, stderr);
  const { handshake, services, profile } = JSON.parse(stdout);
  assert.equal(profile, undefined);
  assert.deepEqual([handshake.appVersion, handshake.protocol, handshake.autoMtls], [1, 'grpc', true]);
  const names = services.map(({ name }: { name: string }) => name);
  assert.ok(names.includes('plugin.GRPCBroker') && names.includes('rxplug.conformance.Probe'));
});

test('inspect of a service prints its methods, where the plugin does not describe it by given descriptors', async () => {
  const unknown = await runCli(['inspect', ...COOKIE, 'Probe', ...ours]);
  assert.match(unknown.stdout, /rxplug\.conformance\.Probe {2}\(not described: give --descriptors\)/);
  const { stdout } = await runCli(['inspect', ...COOKIE, ...descriptors, 'Probe', ...ours]);
  assert.match(stdout, /^ {4}rpc Consume\(stream Payload\) returns \(Digest\)$/m);
  assert.match(stdout, /^ {4}rpc Produce\(ProduceRequest\) returns \(stream Payload\)$/m);
});

test('inspect and call read the reflection of a Go plugin', needsGo(), async () => {
  const go = ['--', ...(await goPlugin())];
  const { stdout } = await runCli(['inspect', ...COOKIE, 'Probe', ...go]);
  assert.match(stdout, /^built with {2}go\d.* · go-plugin \d/m);
  assert.match(stdout, /^ {4}rpc Exchange\(stream Payload\) returns \(stream Payload\)$/m);
  const called = await runCli(['call', ...COOKIE, 'Probe/Echo', '{"data":"YWJj"}', ...go]);
  assert.deepEqual(JSON.parse(called.stdout), { data: 'YWJj' });
});

test('call makes calls of all four kinds, with JSON from the command line and from stdin', async () => {
  const unary = await callOurs(['Echo', '{"data":"YWJj"}']);
  assert.deepEqual(JSON.parse(unary.stdout), { data: 'YWJj' });
  const served = await callOurs(['Probe/Produce', '{"count":3,"size":1}']);
  assert.equal(served.stdout.trim().split('\n').length, 3, served.stderr);
  const consumed = await callOurs(['Consume', '-'], '{"data":"YQ=="}{"data":"Yg=="}\n');
  assert.equal(Number(JSON.parse(consumed.stdout).count), 2, consumed.stderr);
  const exchanged = await callOurs(['Exchange', '-'], '{"data":"YQ=="}\n{"data":"Yg=="}\n');
  assert.deepEqual(exchanged.stdout, '{"data":"YQ=="}\n{"data":"Yg=="}\n', exchanged.stderr);
});

test('with --json a single answer is one line too', async () => {
  const { code, stdout, stderr } = await callOurs(['--json', 'Probe/Echo', '{"data":"YWJj"}']);
  assert.deepEqual([code, stdout], [0, '{"data":"YWJj"}\n'], stderr);
});

test('a status that is not OK is printed, and the exit code is 1', async () => {
  const { code, stdout, stderr } = await callOurs(['Fail', '{"code":5,"message":"no such \\u001b[31mkey"}']);
  assert.deepEqual([code, stdout], [1, '']);
  assert.equal(stderr, 'status NOT_FOUND (5): no such \\u001b[31mkey\n');
});

test('a deadline ends a call that hangs, with the exit code 4', async () => {
  const { code, stderr } = await callOurs(['Hang', '{"token":"t"}', '--deadline', '200ms']);
  assert.equal(code, 4);
  assert.match(stderr, /^status DEADLINE_EXCEEDED \(4\): /);
});

for (const [what, args, expected] of [
  ['no program', ['inspect'], 'Expected a program, or its command line after --.'],
  ['no profile', ['inspect', process.execPath], 'Give --profile NAME'],
  ['an unknown profile', ['inspect', '--profile', 'x', process.execPath], 'There is no profile "x".'],
  ['a cookie without a value', ['inspect', '--cookie', 'X', process.execPath], 'Expected --cookie to be KEY=VALUE'],
  ['an unknown command', ['inspct'], 'inspect'],
  ['an unknown flag', ['inspect', '--jsn', 'x'], 'json'],
  ['a wrong duration', ['inspect', '--timeout', 'soon', 'x'], 'Expected a duration such as'],
  ['a program that is missing', ['inspect', './missing'], 'The program ./missing cannot be found: ENOENT'],
  ['a folder', ['inspect', './src'], './src is a folder.'],
  ['no folder', ['discover', '/nowhere'], 'Cannot read /nowhere'],
] as const) {
  test(`wrong use, ${what}: told, and the exit code is 2`, async () => {
    const { code, stdout, stderr } = await runCli(args);
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.ok(stderr.includes(expected), stderr);
  });
}

test('help has a line for each way to use a command, without the flags that may be left out', async () => {
  const { stdout } = await runCli(['--help']);
  assert.match(stdout, /^ {2}rxplug inspect <program/m);
  assert.ok(!stdout.includes('[--cookie'), stdout);
  const call = await runCli(['call', '--help']);
  assert.match(call.stdout, /^ {2}rxplug call \[flags\] METHOD \[JSON\.\.\.\] -- PROGRAM ARGUMENT\.\.\.$/m);
});

test('wrong requests are told with the exit code 2', async () => {
  for (const [words, expected] of [
    [['Echo', '{'], 'The request is no JSON: '],
    [['Echo', '{"nope":1}'], 'key "nope" is unknown'],
    [['Echo', '{}', '{}'], 'rxplug.conformance.Probe/Echo takes one request, got 2.'],
    [['Nope'], 'The plugin has no method Nope. It has:'],
  ] as const) {
    const { code, stderr } = await callOurs(words);
    assert.equal(code, 2, stderr);
    assert.ok(stderr.includes(expected), stderr);
  }
});

test('a program that is no plugin fails with the exit code 3 and the error code', async () => {
  const { code, stderr } = await runCli(['inspect', ...COOKIE, '--', process.execPath, '-e', 'console.log("hello")']);
  assert.equal(code, 3);
  assert.match(stderr, /^ERR_HANDSHAKE_UNRECOGNIZED: /);
});

test('discover lists programs and starts none', needsGo(), async () => {
  const [program] = await goPlugin();
  const { code, stdout } = await runCli(['discover', dirname(program!), '--json']);
  assert.equal(code, 0);
  const found = JSON.parse(stdout).find(({ path }: { path: string }) => path === program);
  assert.deepEqual([found.kind, found.architectures], ['go', [process.arch]]);
  assert.match(found.goPlugin, /^v1\./);
});

test('a signal ends the plugin with the command', async () => {
  const args = ['call', ...COOKIE, ...descriptors, 'Produce', '{"count":0,"size":1}', ...ours];
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  await within(10_000, 'the first message', once(child.stdout, 'data'));
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(child.pid)], { encoding: 'utf8' });
  const pid = Number.parseInt(children.split('\n').find((line) => line.includes('kv-plugin'))!, 10);
  assert.ok(isAlive(pid));
  child.stdout.resume();
  child.kill('SIGINT');
  const [, signal] = await within(10_000, 'the end of the command', once(child, 'exit'));
  assert.equal(signal, 'SIGINT');
  await awaitGone(pid);
});
