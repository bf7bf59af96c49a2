import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { testEnv } from '../fixtures/fixture.js';
import { firstLine } from '../support/first-line.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { awaitGone } from '../support/process-alive.js';

const assertTempDirEmpty = ownTempDir();

test('a plugin that goes on logging and printing after its host was killed runs its hook, and leaves no directory', async () => {
  const note = join(tmpdir(), 'note');
  const behaviour = { onShutdown: 'note', note, chatty: true };
  const host = fileURLToPath(new URL('../fixtures/hosts/doomed-host.js', import.meta.url));
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawn(process.execPath, [host, JSON.stringify(behaviour)], { env: testEnv(), stdio: [...stdio] });
  const pid = Number(await firstLine(child.stdout));
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
  await awaitGone(pid, 30_000);
  assert.equal(readFileSync(note, 'utf8'), 'shut down, exit 0');
  rmSync(note);
  assertTempDirEmpty();
});
