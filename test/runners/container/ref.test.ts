import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { within } from '../../support/defer.js';
import { ScriptedEngine } from '../../support/scripted-engine.js';

const program = fileURLToPath(new URL('../../fixtures/hosts/refs-container.js', import.meta.url));

test('the two connections of a running container keep its host alive; unref releases both', async (t) => {
  await using engine = await ScriptedEngine.listen();
  const host = spawn(process.execPath, [program, engine.socketPath], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => host.kill('SIGKILL'));
  const exit = within(20_000, 'the end of a host that holds nothing', once(host, 'exit'));
  const counts = await text(host.stdout);
  assert.deepEqual([counts, await exit], ['2 0 2\n', [0, null]]);
});
