import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { REPOSITORY } from '../conformance/build-go.js';
import { ourPlugin } from '../conformance/peers.js';
import { protocFolder } from './protoc.js';
import { type CliResult, runCli } from './run-cli.js';

const directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-descriptors-'));
after(() => rmSync(directory, { recursive: true }));

/** A folder without packages, and a PATH with Node alone, so that no compiler is found but the given one. */
const bare = join(directory, 'bare');
mkdirSync(join(bare, 'bin'), { recursive: true });
symlinkSync(process.execPath, join(bare, 'bin/node'));
const folder = join(REPOSITORY, 'test/conformance/proto');

async function echo(descriptors: string, { cwd = REPOSITORY, path = '' } = {}): Promise<CliResult> {
  const args = [
    'call',
    '--cookie',
    'RXPLUG_CONFORMANCE=hello',
    '--descriptors',
    descriptors,
    'Echo',
    '{"data":"YQ=="}',
  ];
  const PATH = [path, join(bare, 'bin')].filter(Boolean).join(delimiter);
  return runCli([...args, '--', ...(await ourPlugin())], { cwd, env: { PATH } });
}

for (const [what, path] of [
  ['a .proto file', join(folder, 'probe.proto')],
  ['a folder of .proto files', folder],
] as const) {
  test(`descriptors are compiled by buf from ${what}`, async () => {
    const { stdout, stderr } = await echo(path);
    assert.deepEqual(JSON.parse(stdout || 'null'), { data: 'YQ==' }, stderr);
  });

  test(`descriptors are compiled by protoc from ${what}`, async (t) => {
    const protoc = await protocFolder();
    if (protoc === undefined) return t.skip('protoc could not be downloaded from Debian.');
    const { stdout, stderr } = await echo(path, { cwd: bare, path: protoc });
    assert.deepEqual(JSON.parse(stdout || 'null'), { data: 'YQ==' }, stderr);
  });
}

test('without a compiler it is told what to install, and what to run elsewhere', async () => {
  const { code, stderr } = await echo(folder, { cwd: bare });
  assert.equal(code, 2, stderr);
  assert.match(
    stderr,
    /neither buf nor protoc is installed\. Install one, as with npm install .*buf build .*proto -o FILE\.binpb/,
  );
});

test('wrong descriptors are told with the exit code 2', async () => {
  const broken = join(directory, 'broken');
  mkdirSync(broken);
  writeFileSync(join(broken, 'x.proto'), 'syntax = "proto3"; message X { Missing missing = 1; }');
  writeFileSync(join(directory, 'x.binpb'), 'no descriptors');
  mkdirSync(join(directory, 'empty'));
  for (const [path, expected] of [
    [broken, 'x.proto:1:32:cannot find `Missing` in this scope'],
    [join(directory, 'empty'), 'There are no .proto files in '],
    [
      join(directory, 'x.binpb'),
      'Expected a .proto file, a folder of them, or a file that buf build -o FILE has written.',
    ],
    [join(directory, 'nowhere'), 'ENOENT'],
    [join(dirname(broken), 'nowhere.proto'), 'nowhere.proto'],
  ] as const) {
    const { code, stderr } = await echo(path);
    assert.equal(code, 2, stderr);
    assert.ok(stderr.includes(expected), stderr);
  }
});
