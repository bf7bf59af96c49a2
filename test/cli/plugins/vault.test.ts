/** A secrets engine of Vault, as its makers publish it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { goInstall } from '../../support/go-install.js';
import { runCli } from '../run-cli.js';

const engine = await goInstall('github.com/hashicorp/vault-plugin-secrets-kv/cmd/vault-plugin-secrets-kv', 'v0.25.0');
const skip =
  engine === undefined ? 'vault-plugin-secrets-kv could not be installed: no Go, or no module proxy.' : false;
const directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-vault-'));
after(() => rmSync(directory, { recursive: true }));

test('inspect tells what a secrets engine serves', { skip }, async () => {
  const { code, stdout, stderr } = await runCli(['inspect', engine!, 'pb.Backend']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^profile +vault$/m);
  assert.match(stdout, /^ +rpc HandleRequest\(HandleRequestArgs\) returns \(HandleRequestReply\)$/m);
});

test('check plugin gives it what Vault gives it, as inspect does', { skip }, async () => {
  const { code, stdout, stderr } = await runCli(['check', 'plugin', '--only', 'S-04', '--format', 'json', engine!]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    JSON.parse(stdout).items.map(({ result }: { result: string }) => result),
    ['pass'],
  );
});

test('a script sets the engine up with a lent storage, whose types it tells when asked by name', { skip }, async () => {
  const stub = join(directory, 'storage.mjs');
  writeFileSync(stub, 'export const List = () => ({ keys: [] });\nexport const Get = () => ({});\n');
  const script = [
    '{"method":"Setup","request":{"brokerId":"$lend:pb.Storage","backendUUID":"1"}}',
    '{"method":"Backend/Type"}',
    '{"method":"SpecialPaths"}',
  ].join('\n');
  const args = ['call', '-m', 'multiplex_id=1', '--lend', `pb.Storage=${stub}`, '--script', '-', engine!];
  const { code, stdout, stderr } = await runCli(args, { stdin: script });
  assert.equal(code, 0, stderr);
  const [setup, type, special] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([setup, type, special.paths.sealWrapStorage], [{}, { type: 1 }, ['*']]);
});

test('a status of the engine is the result of the call', { skip }, async () => {
  const { code, stderr } = await runCli(['call', engine!, 'Backend/Type']);
  assert.deepEqual([code, stderr], [1, 'status UNKNOWN (2): no multiplexing ID found\n']);
});
