import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { awaitGone } from '../support/process-alive.js';

const assertTempDirEmpty = ownTempDir();

test('an idle plugin does not hold its host, and ends after it', async () => {
  const host = fileURLToPath(new URL('../fixtures/hosts/idle-client.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [host], { env: testEnv(), timeout: 60_000 });
  assert.match(stdout, /^\d+\n$/);
  await awaitGone(Number(stdout), 30_000);
  assertTempDirEmpty();
});
