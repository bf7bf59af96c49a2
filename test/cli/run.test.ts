import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { parseTerraformReattach } from 'rxplug';
import { ourPlugin } from '../conformance/peers.js';
import { awaitGone, isAlive } from '../support/process-alive.js';
import { runCli, startCli } from './run-cli.js';

const COOKIE = ['--cookie', 'RXPLUG_CONFORMANCE=hello'];
const ours = ['--', ...(await ourPlugin())];
let directory: string;
let script: string;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-'));
  script = join(directory, 'plugin.mjs');
});
after(() => rmSync(directory, { recursive: true }));

/** A plugin in a file that can be changed. It prints when it gets a signal. */
function writeScript(): void {
  const [, program = ''] = ours.slice(1);
  writeFileSync(
    script,
    `process.on('SIGUSR2', () => console.log('printed \\u001b[31m'));\nawait import(${JSON.stringify(pathToFileURL(program))});\n`,
  );
}

/** The pid in the line of hclog that says that the plugin is ready. */
function pidIn(line: string): number {
  const { '@message': message, id } = JSON.parse(line);
  assert.equal(message, 'the plugin is ready');
  return Number(id);
}

test('run shows states and log, ends on a signal, and nothing of the plugin is left', async () => {
  await using command = startCli(['run', ...COOKIE, '--json-logs', ...ours]);
  const pid = pidIn(await command.line('stderr', /the plugin is ready/));
  command.kill('SIGTERM');
  const { signal, stdout } = await command.ended;
  assert.deepEqual([signal, stdout], ['SIGTERM', '']);
  await awaitGone(pid);
});

test('run for people has the time, the level and the name in each line, from the level that is asked for', async () => {
  await using command = startCli(['run', ...COOKIE, '--level', 'debug', ...ours]);
  const line = await command.line('stderr', /the plugin is ready/);
  assert.match(line, /^\d\d:\d\d:\d\d\.\d{3} info {2}kv-plugin rxplug: the plugin is ready id=\d+ protocol=grpc /);
  command.kill('SIGINT');
  const { signal, stderr } = await command.ended;
  assert.equal(signal, 'SIGINT');
  assert.match(stderr, /debug kv-plugin rxplug: stopping the plugin/);
});

test('the plugin is found by a file that is there as long as it runs, and what it prints is on stdout', async () => {
  writeScript();
  const file = join(directory, 'where.json');
  const program = ['--', process.execPath, script];
  await using command = startCli(['run', ...COOKIE, '--reattach-file', file, '--terraform', 'acme/kv', ...program]);
  await command.line('stdout', /^TF_REATTACH/);
  const found = await runCli(['inspect', '--reattach', file, '--json']);
  assert.equal(found.code, 0, found.stderr);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const { pid } = JSON.parse(readFileSync(file, 'utf8'));
  process.kill(pid, 'SIGUSR2');
  assert.equal(await command.line('stdout', /printed/), 'printed \u001b[31m');
  command.kill('SIGINT');
  await command.ended;
  assert.ok(!existsSync(file) && !isAlive(pid));
});

test('a file that somebody else has written since stays', async () => {
  const file = join(directory, 'other.json');
  await using command = startCli(['run', ...COOKIE, '--reattach-file', file, '--terraform', 'acme/kv', ...ours]);
  // The file is written before.
  await command.line('stdout', /^TF_REATTACH/);
  writeFileSync(file, '{}');
  command.kill('SIGTERM');
  await command.ended;
  assert.equal(readFileSync(file, 'utf8'), '{}');
});

test("run prints Terraform's variable for a shell, in test mode and without AutoMTLS", async () => {
  await using command = startCli(['run', ...COOKIE, '--terraform', 'acme/kv', ...ours]);
  const line = await command.line('stdout', /^TF_REATTACH_PROVIDERS='\{.*\}'$/);
  const config = parseTerraformReattach(line.slice("TF_REATTACH_PROVIDERS='".length, -1), 'acme/kv');
  assert.deepEqual([config.protocol, config.protocolVersion, config.test], ['grpc', 1, true]);
  const found = await runCli(['inspect', '--reattach', '-'], { stdin: line });
  assert.match(found.stdout, /^TLS {7}none$/m, found.stderr);
  command.kill('SIGTERM');
  await command.ended;
});

test('a plugin that is killed ends the command with the exit code 3, unless it is supervised', async () => {
  await using command = startCli(['run', ...COOKIE, '--json-logs', ...ours]);
  process.kill(pidIn(await command.line('stderr', /the plugin is ready/)), 'SIGKILL');
  const { code, stderr } = await command.ended;
  assert.equal(code, 3);
  assert.match(stderr, /^ERR_PLUGIN_EXITED: .*SIGKILL/m);
  await using supervised = startCli(['run', ...COOKIE, '--json-logs', '--supervise', ...ours]);
  const first = pidIn(await supervised.line('stderr', /the plugin is ready/));
  process.kill(first, 'SIGKILL');
  const second = pidIn(await supervised.line('stderr', /the plugin is ready/));
  assert.notEqual(second, first);
  supervised.kill('SIGTERM');
  await supervised.ended;
  await awaitGone(second);
});

test('with --watch a change of the script starts the plugin anew, also after a start that has failed', async () => {
  writeScript();
  const program = ['--', process.execPath, script];
  await using command = startCli(['run', ...COOKIE, '--json-logs', '--watch', ...program]);
  const first = pidIn(await command.line('stderr', /the plugin is ready/));
  appendFileSync(script, '// changed\n');
  const second = pidIn(await command.line('stderr', /the plugin is ready/));
  await awaitGone(first);
  process.kill(second, 'SIGKILL');
  await command.line('stderr', /^The plugin is started again when its program changes\.$/);
  appendFileSync(script, '// mended\n');
  const third = pidIn(await command.line('stderr', /the plugin is ready/));
  command.kill('SIGINT');
  await command.ended;
  await awaitGone(third);
});

test('a second signal does not wait for a plugin that does not end', async () => {
  const hanging = ['--', ...(await ourPlugin({ shutdown: 'hang' }))];
  await using command = startCli(['run', ...COOKIE, '--json-logs', '--level', 'debug', ...hanging]);
  const pid = pidIn(await command.line('stderr', /the plugin is ready/));
  command.kill('SIGINT');
  await command.line('stderr', /stopping the plugin/);
  command.kill('SIGINT');
  assert.equal((await command.ended).code, 130);
  await awaitGone(pid);
});

for (const [what, args, expected] of [
  ['no program', ['--json-logs'], 'Expected a program, or its command line after --.'],
  ['a word too many', [process.execPath, 'word'], 'Expected nothing after the program, got word.'],
  ['a plugin that runs', ['--address', 'unix:/x'], 'No flag registered for --address'],
  ['an address', ['--terraform', 'kv', process.execPath], "Expected --terraform to be a provider's address, as"],
  ['a folder', ['--reattach-file', '/nowhere/x', process.execPath], 'Cannot write /nowhere/x: ENOENT'],
  ['AutoMTLS', ['--tls', 'on', '--terraform', 'a/b', process.execPath], 'nobody else could connect'],
  ['no file', ['--watch', 'plugin'], '--watch finds no file in plugin. Give the program by its path.'],
  ['a level', ['--level', 'loud', process.execPath], 'loud'],
] as const) {
  test(`wrong use of run, ${what}: told, and the exit code is 2`, async () => {
    const { code, stdout, stderr } = await runCli(['run', ...COOKIE, ...args]);
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.ok(stderr.includes(expected), stderr);
  });
}
