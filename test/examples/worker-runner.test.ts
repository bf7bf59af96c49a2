import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { filter, firstValueFrom, lastValueFrom } from 'rxjs';
import { handshake, plugins } from '../../examples/basic/contract.js';
import { workerRunner } from '../../examples/worker-runner/worker-runner.js';
import { createClient, type PluginError } from '../../src/index.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const greeter = new URL('../../examples/basic/plugin.js', import.meta.url);

test('a plugin in a thread answers, logs and stops', async () => {
  const client = createClient({ runner: workerRunner(greeter), handshake, plugins, autoMtls: true });
  const logged = firstValueFrom(client.logs$.pipe(filter(({ module }) => module !== 'rxplug')));
  await client.start();
  assert.match(client.id, /^thread \d+$/);
  assert.equal((await logged).message, 'plugin address');
  const { greeting } = await firstValueFrom((await client.dispense('greeter')).greet({ name: 'Ada' }));
  assert.equal(greeting, 'Hello Ada!');
  await client.stop();
  assert.deepEqual(await lastValueFrom(client.exit$), { code: 0, signal: null });
  assertTempDirEmpty();
});

test('a program that throws in its thread exited early, with the exception on its stderr', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'w'));
  const file = join(directory, 'broken.mjs');
  writeFileSync(file, "throw new Error('no settings');");
  const client = createClient({ runner: workerRunner(pathToFileURL(file)), handshake, plugins });
  await assert.rejects(client.start(), (error: PluginError) => {
    assert.deepEqual([error.code, error.details.exitCode], ['ERR_EXITED_EARLY', 1]);
    assert.match(error.details.stderr?.join('\n') ?? '', /no settings/);
    assert.match(error.details.diagnosis ?? '', /broken\.mjs is a plugin/);
    return true;
  });
  rmSync(directory, { recursive: true });
  assertTempDirEmpty();
});

test('a thread that hangs is terminated at the start timeout', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'w'));
  const file = join(directory, 'hangs.mjs');
  writeFileSync(file, 'for (;;);');
  const client = createClient({ runner: workerRunner(pathToFileURL(file)), handshake, plugins, startTimeoutMs: 500 });
  await assert.rejects(client.start(), (error: PluginError) => error.code === 'ERR_START_TIMEOUT');
  assert.equal(client.exited, true);
  rmSync(directory, { recursive: true });
  assertTempDirEmpty();
});
