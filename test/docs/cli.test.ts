import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { terraformReattach } from 'rxplug';
import { PROFILES } from '../../src/cli/target/profiles.js';
import { runCli } from '../cli/run-cli.js';
import { REPOSITORY } from '../conformance/build-go.js';

const page = readFileSync(join(REPOSITORY, 'docs/cli.md'), 'utf8');
const directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-page-'));
symlinkSync(join(REPOSITORY, 'dist/examples/basic/plugin.js'), join(directory, 'plugin.js'));
symlinkSync(join(REPOSITORY, 'dist/examples/bidirectional/plugin.js'), join(directory, 'merger.js'));
symlinkSync(join(REPOSITORY, 'proto/examples'), join(directory, 'proto'));
symlinkSync(join(REPOSITORY, 'node_modules'), join(directory, 'node_modules'));
// Files that the page shows: a name and a block.
for (const [, name = '', text = ''] of page.matchAll(/`([\w.-]+)`:\n\n```\w+\n([^]*?)```/g))
  writeFileSync(join(directory, name), text);
symlinkSync(join(REPOSITORY, 'dist/examples/netrpc/plugin.js'), join(directory, 'netrpc-plugin.js'));
mkdirSync(join(directory, 'plugins'));
const greeter = `exec '${process.execPath}' '${join(directory, 'plugin.js')}'`;
writeFileSync(join(directory, 'plugins/greeter'), `#!/bin/sh\n${greeter}\n`, { mode: 0o755 });
const buf = fileURLToPath(import.meta.resolve('@bufbuild/buf/bin/buf'));
execFileSync(process.execPath, [buf, 'build', join(REPOSITORY, 'proto'), '-o', join(directory, 'greeter.binpb')]);
after(() => rmSync(directory, { recursive: true }));

const RUNNING = {
  protocol: 'grpc',
  protocolVersion: 1,
  network: 'unix',
  address: '/run/kv',
  pid: 1,
  test: true,
} as const;
const TF_REATTACH_PROVIDERS = terraformReattach({
  'registry.terraform.io/acme/kv': RUNNING,
  'registry.terraform.io/acme/dns': RUNNING,
});

const blocks = [...page.matchAll(/```console\n\$ rxplug (.*)\n([^]*?)```/g)];

/** Without what differs from start to start. */
function alike(text: string): string {
  return text
    .replaceAll(/unix([ |])[^\s|]+/g, 'unix$1SOCKET')
    .replaceAll(/\|[\w+/]{5}…\(\d+ B\)/g, '|CERTIFICATE')
    .replaceAll(/\d+ ms/g, 'N ms')
    .replaceAll(/until \d{4}-\d\d-\d\d/g, 'until DATE')
    .replaceAll(/^(log +)\d+ lines?/gm, '$1N lines')
    .replaceAll(/asked [\d:.]+/g, 'asked TIME');
}

test('the page has commands', () => assert.ok(blocks.length > 3));

for (const [, line = '', expected] of blocks) {
  test(`rxplug ${line} prints what the page shows`, async () => {
    const args = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
    const { stdout, stderr } = await runCli(args, { cwd: directory, env: { TF_REATTACH_PROVIDERS } });
    assert.equal(alike(`${stdout}${stderr}`), alike(expected!));
  });
}

test('the page names every profile', () => {
  for (const { name } of PROFILES) assert.ok(page.includes(name), name);
});
