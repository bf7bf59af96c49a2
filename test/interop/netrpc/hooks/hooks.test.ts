import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildGo, needsGo } from '../../../conformance/build-go.js';
import { testEnv } from '../../../fixtures/fixture.js';
import { ownTempDir } from '../../../support/own-temp-dir.js';
import { type Line, runHost } from './host.js';

/** Structs in structs, maps of interfaces, errors in interfaces, readers and writers by broker id: as chat servers use net/rpc. */

const assertTempDirEmpty = ownTempDir();
const ours: [string, string] = [process.execPath, fileURLToPath(new URL('plugin.js', import.meta.url))];

async function program(name: 'host' | 'plugin'): Promise<string> {
  return join(await buildGo('test/interop/netrpc/hooks/go', ['host', 'plugin']), name);
}

async function runGoHost(command: readonly string[], autoMtls: boolean): Promise<Line[]> {
  const env = testEnv(autoMtls ? { AUTO_MTLS: '1' } : {});
  const { stdout } = await promisify(execFile)(await program('host'), [...command], { env, timeout: 120_000 });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

/** Without the names of types in interfaces, and with nil for what gob does not keep apart from it: as it prints in Go. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.length === 0 ? null : value.map(plain);
  const entries = Object.entries(value);
  if (entries.length === 2 && 'type' in value && 'value' in value) return plain(value.value);
  return entries.length === 0 ? null : Object.fromEntries(entries.map(([key, member]) => [key, plain(member)]));
}

for (const autoMtls of [false, true]) {
  describe(`hooks and API over net/rpc${autoMtls ? ', AutoMTLS' : ''}`, needsGo(), () => {
    test('R-09 R-18 G-13 G-17 G-22 a Go host sees of our plugin what it sees of a Go plugin', async () => {
      const wanted = await runGoHost([await program('plugin')], autoMtls);
      assert.equal(wanted.length, 13);
      assert.equal(wanted.at(-1)?.values[3], true);
      assert.deepEqual(plain(await runGoHost(ours, autoMtls)), plain(wanted));
      assertTempDirEmpty();
    });

    test('R-09 R-18 G-13 G-17 G-22 our host sees of either plugin what a Go host sees of a Go plugin', async () => {
      const wanted = plain(await runGoHost([await program('plugin')], autoMtls));
      assert.deepEqual(plain(await runHost([await program('plugin')], autoMtls)), wanted);
      assert.deepEqual(plain(await runHost(ours, autoMtls)), wanted);
      assertTempDirEmpty();
    });
  });
}
