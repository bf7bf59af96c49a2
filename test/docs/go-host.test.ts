import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildGo, needsGo } from '../conformance/build-go.js';
import { testEnv } from '../fixtures/fixture.js';

test('the Go host of docs/plugin.md runs a plugin in TypeScript', needsGo(), async () => {
  const directory = await buildGo('test/conformance/go', ['guide']);
  const plugin = fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url));
  const { stdout } = await promisify(execFile)(join(directory, 'guide'), [process.execPath, plugin], {
    env: testEnv(),
    timeout: 120_000,
  });
  assert.equal(stdout, 'revision 1\n');
});
