import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { firstValueFrom } from 'rxjs';
import { handshake, plugins } from '../../examples/netrpc/contract.js';
import { createClient } from '../../src/index.js';
import { buildGo, needsGo, REPOSITORY } from '../conformance/build-go.js';
import { testEnv } from '../fixtures/fixture.js';
import { ownTempDir } from '../support/own-temp-dir.js';

type CommandLine = readonly [file: string, ...args: string[]];

const TIMEOUT_MS = 240_000;
const MODULE = 'examples/netrpc/go';
const OUTPUT = [
  'Hello!',
  '1 entry',
  'a is blue, until 2030-01-01',
  'error in the reply: no entry for a',
  'error of the call: the key is empty',
];

const assertTempDirEmpty = ownTempDir();
const go = needsGo();
const run = promisify(execFile);

function ours(example: string): CommandLine {
  return [process.execPath, fileURLToPath(new URL(`../../examples/${example}.js`, import.meta.url))];
}

async function inGo(name: 'host' | 'plugin'): Promise<CommandLine> {
  return [join(await buildGo(MODULE, ['plugin', 'host']), name)];
}

/** Runs a host with the command line of a plugin, or with its default plugin; returns what it wrote to stderr. */
async function assertPrints([host, ...args]: CommandLine, plugin: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(host, [...args, ...plugin], { env: testEnv(), timeout: TIMEOUT_MS });
  assert.deepEqual(stdout.trimEnd().split('\n'), OUTPUT);
  assertTempDirEmpty();
  return stderr;
}

test('examples/netrpc: our host, our plugin', async () => {
  assert.equal(await assertPrints(ours('netrpc/host'), []), '');
});

test('examples/netrpc: our host, a Go plugin', go, async () => {
  assert.equal(await assertPrints(ours('netrpc/host'), await inGo('plugin')), '');
});

test('examples/netrpc: a Go host, our plugin', go, async () => {
  assert.equal(await assertPrints(await inGo('host'), ours('netrpc/plugin')), '');
});

test('examples/netrpc: a Go host, a Go plugin', go, async () => {
  // A Go plugin may exit before it has answered Quit, which a Go host logs as a warning: stderr is not checked.
  await assertPrints(await inGo('host'), await inGo('plugin'));
});

/** The unmodified example of go-plugin itself. Its host starts `./plugin/greeter`. */
describe("go-plugin's own basic example", go, () => {
  async function build(name: 'basic' | 'basic/plugin', output: string): Promise<void> {
    const program = `github.com/hashicorp/go-plugin/examples/${name}`;
    await run('go', ['build', '-o', output, program], { cwd: join(REPOSITORY, MODULE), timeout: TIMEOUT_MS });
  }

  async function inDirectory(use: (directory: string) => Promise<void>): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), 'basic-'));
    try {
      await use(directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
    assertTempDirEmpty();
  }

  test('its plugin greets our host', async () => {
    await inDirectory(async (directory) => {
      const program = join(directory, 'greeter');
      await build('basic/plugin', program);
      await using client = createClient({ command: [program], handshake, plugins: { greeter: plugins.greeter } });
      await client.start();
      const greeter = await client.dispense('greeter');
      assert.equal(await firstValueFrom(greeter.greet()), 'Hello!');
    });
  });

  test('its host is greeted by our plugin', async () => {
    await inDirectory(async (directory) => {
      const program = join(directory, 'host');
      await build('basic', program);
      mkdirSync(join(directory, 'plugin'));
      const command = ours('netrpc/plugin').map((word) => `'${word}'`);
      writeFileSync(join(directory, 'plugin', 'greeter'), `#!/bin/sh\nexec ${command.join(' ')}\n`, { mode: 0o755 });
      const { stdout } = await run(program, [], { cwd: directory, env: testEnv(), timeout: TIMEOUT_MS });
      assert.match(stdout, /^Hello!$/m);
      assert.match(stdout, /plugin process exited/);
    });
  });
});
