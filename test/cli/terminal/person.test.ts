/** What a person sees at a terminal: colours, widths, completion. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { colorsFor } from '../../../src/cli/terminal/colors.js';
import { columns } from '../../../src/cli/terminal/columns.js';
import { CLI, runCli } from '../run-cli.js';

const ESC = '\u001b';
const directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-person-'));
after(() => rmSync(directory, { recursive: true }));
const bin = join(directory, 'bin');
mkdirSync(bin);
writeFileSync(join(bin, 'rxplug'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
chmodSync(join(bin, 'rxplug'), 0o755);

const plugins = join(directory, 'plugins-with-a-long-name');
mkdirSync(plugins);
for (const name of ['one-\u001b[31mred\u009b', 'two']) {
  writeFileSync(join(plugins, name), '#!/bin/sh\n');
  chmodSync(join(plugins, name), 0o755);
}

/** What a command prints into a terminal. */
async function atTerminal(command: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env;
  const options = { env: { ...inherited, TERM: 'xterm-256color', ...env }, timeout: 60_000 };
  const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], options);
  return stdout.replaceAll('\r\n', '\n');
}

const DISCOVER = `stty cols 60; '${process.execPath}' '${CLI}' discover '${plugins}'`;

test('a terminal gets colours, unless NO_COLOR is set, and lines of its width', async () => {
  const colored = await atTerminal(DISCOVER);
  assert.ok(colored.includes(`${ESC}[1mNAME`), colored);
  const plain = await atTerminal(DISCOVER, { NO_COLOR: '1' });
  assert.ok(!plain.includes(ESC));
  assert.match(plain, /^…\S+two +script/m);
  assert.ok(
    plain.split('\n').every((line) => line.length <= 60),
    plain,
  );
});

test('a pipe gets neither, unless FORCE_COLOR is set', async () => {
  const plain = await runCli(['discover', plugins], { env: { FORCE_COLOR: '' } });
  assert.ok(!plain.stdout.includes(ESC) && !plain.stdout.includes('…'));
  const forced = await runCli(['discover', plugins], { env: { FORCE_COLOR: '1', NO_COLOR: '' } });
  assert.ok(forced.stdout.startsWith(`${ESC}[1mNAME`));
});

test('the variables are those of no-color.org and of Node', () => {
  const of = (isTTY: boolean, env: NodeJS.ProcessEnv) => colorsFor({ isTTY }, env).isColorSupported;
  assert.deepEqual([of(true, {}), of(false, {}), of(true, { TERM: 'dumb' })], [true, false, false]);
  assert.deepEqual([of(true, { NO_COLOR: '1' }), of(true, { NO_COLOR: '' })], [false, true]);
  assert.deepEqual([of(false, { FORCE_COLOR: '1' }), of(true, { FORCE_COLOR: '0' })], [true, false]);
  assert.equal(of(true, { NO_COLOR: '1', FORCE_COLOR: '1' }), false);
});

test('control characters in names are shown, also as JSON', async () => {
  for (const args of [[], ['--json']]) {
    const { stdout } = await runCli(['discover', plugins, ...args]);
    assert.match(stdout, /one-\\u001b\[31mred\\u009b/);
    assert.ok(!stdout.includes(ESC) && !stdout.includes('\u009b'));
  }
});

test('cells of the first column lose their beginning where the table is too wide', () => {
  const rows = [
    ['NAME', 'KIND'],
    ['/a/long/way/to/the/plugin', 'go'],
  ];
  assert.deepEqual(columns(rows, 20), ['NAME            KIND', '…to/the/plugin  go']);
  assert.deepEqual(columns(rows), ['NAME                       KIND', '/a/long/way/to/the/plugin  go']);
  assert.equal(columns(rows, 3)[1], '…/the/plugin  go');
});

/** What bash completes a line to, by the function that the script has defined. */
async function bash(...words: readonly string[]): Promise<readonly string[]> {
  const script = [
    'eval "$(rxplug completion bash)"',
    'complete -p rxplug >/dev/null || exit 9',
    `COMP_WORDS=(rxplug ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _rxplug`,
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join('\n');
  const env = { ...process.env, PATH: [bin, process.env['PATH']].join(delimiter) };
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', script], { env, timeout: 60_000 });
  return stdout.split('\n').filter(Boolean);
}

test('bash completes commands, flags and values, and leaves files and the plugin to itself', async () => {
  assert.ok((await bash('')).includes('inspect'));
  assert.deepEqual(await bash('gen'), ['generate']);
  assert.deepEqual(await bash('inspect', '--save'), ['--save-descriptors', '--save-protos']);
  assert.deepEqual(await bash('inspect', '--tls', 'o'), ['on', 'off']);
  assert.deepEqual(await bash('completion', ''), ['bash', 'zsh']);
  assert.deepEqual(await bash('inspect', './plug'), []);
  assert.deepEqual(await bash('inspect', '--', 'node', '--'), []);
});

test('zsh takes its script', async (t) => {
  const env = { ...process.env, PATH: [bin, process.env['PATH']].join(delimiter) };
  const script =
    'autoload -Uz compinit && compinit -u -D; eval "$(rxplug completion zsh)"; print -r -- $_comps[rxplug]';
  const found = await promisify(execFile)('zsh', ['-f', '-c', script], { env, timeout: 60_000 }).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (found === undefined) return t.skip('zsh is not installed.');
  assert.equal(found.stdout, '_rxplug\n');
});
