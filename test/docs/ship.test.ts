/** What docs/ship.md says. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { createClient } from 'rxplug';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { BUILD_FLAGS } from '../../src/cli/build/flags.js';
import { detectProfile } from '../../src/cli/target/profiles.js';
import { runCli } from '../cli/run-cli.js';
import { REPOSITORY } from '../conformance/build-go.js';

const page = readFileSync(join(REPOSITORY, 'docs/ship.md'), 'utf8');
const entry = join(REPOSITORY, 'examples/bundled/plugin.ts');
const cookie = ['--cookie', `${handshake.magicCookieKey}=${handshake.magicCookieValue}`];
const directory = mkdtempSync(join(tmpdir(), 'ship-'));
const file = join(directory, 'kv');
before(async () => {
  const { code, stderr } = await runCli(['build', entry, '-o', file, '--no-check', ...cookie], { limitMs: 60_000 });
  assert.equal(code, 0, stderr);
});
after(() => rmSync(directory, { recursive: true }));

test('the checksum of a script covers the program and its code', async () => {
  // #region checksum
  const checksum = createHash('sha256').update(readFileSync(file)).digest('hex');
  const secureConfig = { checksum, hash: 'sha256' } as const;
  const start = async () => {
    await using client = createClient({ command: [file], handshake, plugins, secureConfig });
    await client.start();
  };
  // #endregion checksum
  await start();
  assert.deepEqual(readdirSync(directory), [basename(file)]);
  appendFileSync(file, '\n');
  await assert.rejects(start(), { code: 'ERR_CHECKSUM_MISMATCH' });
});

test('the names that the page gives are those by which the command knows hosts', () => {
  for (const name of [
    'terraform-provider-x',
    'tflint-ruleset-x',
    'gpx_x_linux_amd64',
    'nomad-driver-x',
    'vault-plugin-x',
  ]) {
    assert.ok(page.includes(name.replace(/[-_]x.*/, '')), name);
    assert.ok(detectProfile({ path: join('/', name), build: undefined }) !== undefined, name);
  }
});

test('every format of build is in the page', () => {
  for (const format of BUILD_FLAGS.as.values)
    if (format !== BUILD_FLAGS.as.default) assert.ok(page.includes(`--as ${format}`), format);
});
