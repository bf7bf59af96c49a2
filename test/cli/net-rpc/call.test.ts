import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsGo, REPOSITORY } from '../../conformance/build-go.js';
import { goPlugin, ourPlugin } from '../../conformance/peers.js';
import { type CliResult, runCli } from '../run-cli.js';

const PUT = ['--args', 'struct{ Key string; Value []byte }', 'Put', '{"Key":"a","Value":"MQ=="}'];
const example = ['--', process.execPath, join(REPOSITORY, 'dist/examples/netrpc/plugin.js')];

for (const [what, peer, options] of [
  ['our plugin', ourPlugin, {}],
  ['a Go plugin', goPlugin, needsGo()],
] as const) {
  const callObject = async (name: string, ...rest: readonly string[]): Promise<CliResult> => {
    const words = ['--dispense', name, ...rest];
    const program = ['--', ...(await peer({ protocol: 'netrpc' }))];
    return runCli(['call', '--cookie', 'RXPLUG_CONFORMANCE=hello', ...words, ...program]);
  };

  const callKv = (...words: readonly string[]): Promise<CliResult> => callObject('kv', ...words);

  test(`${what}: arguments are of a Go type, and the reply describes itself`, options, async () => {
    const put = await callKv(...PUT);
    assert.deepEqual([put.code, put.stdout], [0, '1\n'], put.stderr);
    const listed = await callKv('Plugin.List', '""');
    assert.deepEqual([listed.code, JSON.parse(listed.stdout)], [0, []], listed.stderr);
    const snapshot = await callKv('Snapshot');
    assert.deepEqual([snapshot.code, JSON.parse(snapshot.stdout)], [0, {}], snapshot.stderr);
  });

  test(`${what}: what it refuses is told with the exit code 1`, options, async () => {
    for (const [words, expected] of [
      [['Get', '"none"'], /^error: no such key/],
      [['Nope'], /^error: rpc: can't find method Plugin\.Nope$/m],
      [['--args', '[]string', 'Get', '["a"]'], /^error: gob: /],
    ] as const) {
      const { code, stdout, stderr } = await callKv(...words);
      assert.deepEqual([code, stdout], [1, ''], stderr);
      assert.match(stderr, expected);
    }
    const none = await callObject('nope', 'Get');
    assert.deepEqual([none.code, none.stderr], [1, 'error: unknown plugin type: nope\n']);
  });
}

test('a reply of a given type has times as text, and the request may come from stdin', async () => {
  const words = ['--args', 'any', '--dispense', 'greeter', 'Greet', 'null'];
  const greeted = await runCli(['call', '--cookie', 'BASIC_PLUGIN=hello', ...words, ...example]);
  assert.equal(greeted.stdout, '"Hello!"\n', greeted.stderr);
  const reply = ['--reply', 'struct{ Entry *struct{ Key string; Expires time.Time }; Err *struct{ Message string } }'];
  const get = ['--dispense', 'kv', ...reply, 'Get', '-'];
  const got = await runCli(['call', '--cookie', 'BASIC_PLUGIN=hello', ...get, ...example], { stdin: '"a"' });
  assert.deepEqual(JSON.parse(got.stdout), { Entry: null, Err: { Message: 'no entry for a' } }, got.stderr);
});

const ECHO = `
import { implement, netRpcPlugin, serve } from ${JSON.stringify(import.meta.resolve('rxplug'))};
import { gob, method } from ${JSON.stringify(import.meta.resolve('rxplug/net-rpc'))};
const echo = netRpcPlugin({ echo: method(gob.string, gob.string) });
const handshake = { protocolVersion: 1, magicCookieKey: 'ECHO', magicCookieValue: 'hello' };
await serve({ handshake, plugins: { echo: implement(echo, { echo: (text) => text }) } });
`;

test('what would drive a terminal in a reply is escaped, and --json prints it on one line', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-'));
  try {
    const plugin = join(directory, 'echo.mjs');
    writeFileSync(plugin, ECHO);
    const words = ['--json', '--cookie', 'ECHO=hello', '--dispense', 'echo', '--args', 'string', 'Echo'];
    const { code, stdout, stderr } = await runCli([
      'call',
      ...words,
      '"a\u009b31m\u202e"',
      '--',
      process.execPath,
      plugin,
    ]);
    assert.deepEqual([code, stdout], [0, '"a\\u009b31m\\u202e"\n'], stderr);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a profile may have the name of the object', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-'));
  try {
    const file = join(directory, 'profile.json');
    const profile = { name: 'basic', cookieKey: 'BASIC_PLUGIN', cookieValue: 'hello', protocol: 'netrpc' };
    writeFileSync(file, JSON.stringify({ ...profile, dispense: 'kv' }));
    const { stdout, stderr } = await runCli(['call', '--profile-file', file, 'Get', '"a"', ...example]);
    assert.deepEqual(JSON.parse(stdout), { Entry: null, Err: { Message: 'no entry for a' } }, stderr);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

for (const [what, words, expected] of [
  ['no name', ['Get'], 'The plugin speaks net/rpc, which has no reflection. Give --dispense NAME:'],
  ['no type', ['--dispense', 'kv', 'Put', '{"Key":"a"}'], 'Give --args TYPE, the type of the request in Go'],
  ['two requests', ['--dispense', 'kv', 'Get', '"a"', '"b"'], 'A method of net/rpc takes one request, got 2.'],
  ['metadata', ['--dispense', 'kv', '-m', 'a=b', 'Get', '"a"'], 'Expected no --metadata: the plugin speaks net/rpc.'],
  ['a wrong type', ['--dispense', 'kv', '--args', 'x', 'Get', '"a"'], '"x" is no Go type: expected a type that is'],
  ['no JSON', ['--dispense', 'kv', 'Get', '{'], 'The request is no JSON: '],
] as const) {
  test(`wrong use over net/rpc, ${what}: told, and the exit code is 2`, async () => {
    const { code, stdout, stderr } = await runCli(['call', '--cookie', 'BASIC_PLUGIN=hello', ...words, ...example]);
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.ok(stderr.includes(expected), stderr);
  });
}
