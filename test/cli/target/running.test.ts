import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ReattachConfig, terraformReattach } from 'rxplug';
import { REPOSITORY } from '../../conformance/build-go.js';
import { ourPlugin } from '../../conformance/peers.js';
import { tlsDirectory } from '../../conformance/suite/tls.js';
import { within } from '../../support/defer.js';
import { firstLine } from '../../support/first-line.js';
import { isAlive } from '../../support/process-alive.js';
import { runCli } from '../run-cli.js';

const PACKAGE_JSON = join(REPOSITORY, 'package.json');
const { directory: tlsDir } = await tlsDirectory();
const TLS = ['--cert', `${tlsDir}/cert.pem`, '--key', `${tlsDir}/key.pem`, '--ca', `${tlsDir}/ca.pem`];
let directory: string;
let plain: Running;
let secured: Running;

interface Running extends AsyncDisposable {
  readonly config: ReattachConfig;
  /** The file with the configuration. */
  readonly file: string;
}

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-'));
  [plain, secured] = await Promise.all([runPlugin('plain', {}), runPlugin('secured', { 'tls-dir': tlsDir })]);
});
after(async () => {
  await Promise.all([plain, secured].map((plugin) => plugin[Symbol.asyncDispose]()));
  rmSync(directory, { recursive: true });
});

/** A plugin that was started by somebody else. */
async function runPlugin(name: string, flags: Readonly<Record<string, string>>): Promise<Running> {
  const [program, ...args] = await ourPlugin({ test: true, ...flags });
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, RXPLUG_CONFORMANCE: 'hello' },
  });
  const line = await firstLine(child.stdout);
  const file = join(directory, `${name}.json`);
  writeFileSync(file, line);
  return {
    config: JSON.parse(line),
    file,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      if (child.exitCode === null) await within(10_000, 'the end of the plugin', once(child, 'exit'));
    },
  };
}

test('a plugin that runs already is inspected by its reattach configuration, and runs on', async () => {
  for (const source of [plain.file, '-']) {
    const { stdout, stderr } = await runCli(['inspect', '--reattach', source, '--json'], {
      stdin: source === '-' ? JSON.stringify(plain.config) : undefined,
    });
    const { handshake, program, reattached, services } = JSON.parse(stdout || stderr);
    assert.deepEqual([handshake.appVersion, handshake.protocol, handshake.autoMtls], [1, 'grpc', false]);
    assert.deepEqual([reattached, program], [true, `process ${plain.config.pid}, unix ${plain.config.address}`]);
    assert.ok(services.length > 3);
    assert.ok(isAlive(plain.config.pid!));
  }
});

test("Terraform's variable names a plugin, alone or by its provider", async () => {
  const one = terraformReattach({ 'registry.terraform.io/acme/kv': plain.config });
  const line = await runCli(['inspect', '--reattach', '-'], { stdin: `TF_REATTACH_PROVIDERS='${one}'\n` });
  assert.match(line.stdout, /^speaks {4}version 1, grpc, unix /m, line.stderr);
  const two = terraformReattach({ 'a.io/acme/kv': plain.config, 'a.io/acme/other': { ...plain.config, pid: 1 } });
  const env = { TWO: two };
  const refused = await runCli(['inspect', '--reattach', 'env:TWO'], { env });
  assert.deepEqual([refused.code, refused.stdout], [2, '']);
  assert.equal(
    refused.stderr,
    'env:TWO names several plugins. Give --provider with one of a.io/acme/kv, a.io/acme/other.\n',
  );
  const chosen = await runCli(['inspect', '--reattach', 'env:TWO', '--provider', 'acme/kv'], { env });
  assert.equal(chosen.code, 0, chosen.stderr);
});

test('a plugin is reached by its address alone, and a call leaves it running', async () => {
  const { code, stdout, stderr } = await runCli(['inspect', '--address', `unix:${plain.config.address}`]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^plugin {4}unix \//m);
  assert.ok(isAlive(plain.config.pid!));
});

test('a plugin with certificates of its own is reached with files', async () => {
  const address = ['--address', `unix:${secured.config.address}`];
  const { code, stdout, stderr } = await runCli(['inspect', ...address, ...TLS, '--server-name', 'localhost']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^TLS {7}with the given certificates$/m);
  const without = await runCli(['inspect', ...address, '--timeout', '5s']);
  assert.equal(without.code, 3, without.stderr);
  const program = ['--', ...(await ourPlugin({ 'tls-dir': tlsDir }))];
  const started = await runCli(['inspect', '--cookie', 'RXPLUG_CONFORMANCE=hello', ...TLS, ...program]);
  assert.match(started.stdout, /^TLS {8}with the given certificates$/m, started.stderr);
});

test('a configuration of a plugin that is gone is told with the exit code 3', async () => {
  const file = join(directory, 'gone.json');
  writeFileSync(file, JSON.stringify({ ...plain.config, pid: 2 ** 22 + 1 }));
  const nobody = await runCli(['inspect', '--address', `unix:${join(directory, 'none')}`]);
  assert.equal(nobody.code, 3);
  assert.match(nobody.stderr, /^ERR_DIAL: .*ENOENT/);
  const gone = await runCli(['inspect', '--reattach', file]);
  assert.deepEqual([gone.code, gone.stdout], [3, '']);
  assert.match(gone.stderr, /^ERR_PROCESS_NOT_FOUND: .*there is no such process/);
});

for (const [what, args, expected] of [
  ['two plugins', ['--address', 'unix:/x', '--', 'node'], 'Expected either a program after -- or a plugin'],
  ['two places', ['--address', 'unix:/x', '--reattach', 'f'], 'Expected either --reattach or --address, got both.'],
  ['a URL', ['--address', 'unix:///x'], 'Expected --address to be unix:PATH or tcp:HOST:PORT, got "unix:///x".'],
  ['no port', ['--address', 'tcp:localhost'], 'Expected --address to be unix:PATH or tcp:HOST:PORT'],
  ['AutoMTLS', ['--address', 'unix:/x', '--tls', 'on'], 'Give --cert, --key and --ca.'],
  ['net/rpc of nothing', ['--netrpc', 'x'], 'Expected --address beside --netrpc'],
  ['a provider of nothing', ['--provider', 'x', 'x'], 'Expected --reattach beside --provider'],
  ['no file', ['--reattach', '/nowhere'], 'Cannot read /nowhere: ENOENT'],
  ['no variable', ['--reattach', 'env:NO_SUCH'], 'The environment variable NO_SUCH is not set.'],
  ['no configuration', ['--reattach', '-'], 'Expected stdin to be a reattach configuration: JSON as'],
  ['a key alone', ['--key', 'k', '--address', 'unix:/x'], 'Expected --cert and --key together'],
  ['no PEM', ['--ca', PACKAGE_JSON, '--address', 'unix:/x'], 'to be PEM, a text that begins with -----BEGIN.'],
  ['TLS twice', ['--ca', 'x', '--tls', 'off', '--address', 'unix:/x'], 'Expected either --tls off or certificates'],
] as const) {
  test(`wrong use, ${what}: told, and the exit code is 2`, async () => {
    const { code, stdout, stderr } = await runCli(['inspect', ...args], { stdin: '{"x"' });
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.ok(stderr.includes(expected), stderr);
  });
}
