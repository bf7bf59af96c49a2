import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildGo, needsGo } from '../conformance/build-go.js';
import { testEnv } from '../fixtures/fixture.js';
import { ownTempDir } from '../support/own-temp-dir.js';

type CommandLine = readonly [file: string, ...args: string[]];

const TIMEOUT_MS = 120_000;
const OUTPUT = [
  'conflict about title: Plugins or Plugins in Node?',
  'author = Ada',
  'licence = MPL-2.0',
  'title = Plugins in Node',
  'year = 2026',
];

const assertTempDirEmpty = ownTempDir();
const go = needsGo();

function ours(example: string): CommandLine {
  return [process.execPath, fileURLToPath(new URL(`../../examples/${example}.js`, import.meta.url))];
}

async function inGo(name: 'host' | 'plugin'): Promise<CommandLine> {
  return [join(await buildGo('examples/bidirectional/go', ['plugin', 'host']), name)];
}

/** Runs a host with the command line of a plugin, or with its default plugin; returns what it wrote to stderr. */
async function assertMerges([host, ...args]: CommandLine, plugin: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(host, [...args, ...plugin], {
    env: testEnv(),
    timeout: TIMEOUT_MS,
  });
  assert.deepEqual(stdout.trimEnd().split('\n'), OUTPUT);
  assertTempDirEmpty();
  return stderr;
}

test('examples/bidirectional: our host, our plugin', async () => {
  assert.equal(await assertMerges(ours('bidirectional/host'), []), '');
});

test('examples/bidirectional: our host, a Go plugin', go, async () => {
  assert.equal(await assertMerges(ours('bidirectional/host'), await inGo('plugin')), '');
});

test('examples/bidirectional: a Go host, our plugin', go, async () => {
  assert.equal(await assertMerges(await inGo('host'), ours('bidirectional/plugin')), '');
});

test('examples/bidirectional: a Go host, a Go plugin', go, async () => {
  // A Go plugin may exit before it has answered Shutdown, which a Go host logs as a warning: stderr is not checked.
  await assertMerges(await inGo('host'), await inGo('plugin'));
});
