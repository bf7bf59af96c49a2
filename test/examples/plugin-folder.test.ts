import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { testEnv } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';

const host = fileURLToPath(new URL('../../examples/plugin-folder/host.js', import.meta.url));
const plugin = new URL('../../examples/basic/contract.js', import.meta.url).href;
const library = import.meta.resolve('rxplug');

/** A plugin in one file, outside of the repository, whose greeting begins so. */
const greeting = (word: string): string => `
import { implement, serve } from ${JSON.stringify(library)};
import { handshake, plugins } from ${JSON.stringify(plugin)};
await serve({ handshake, plugins: { greeter: implement(plugins.greeter, { greet: ({ name }) => ({ greeting: \`${word} \` + name }) }) } });
`;

test('examples/plugin-folder starts what comes, replaces what changes, stops what goes, and outlives what fails', async (t) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pf-')));
  const put = (name: string, word: string): void => {
    writeFileSync(join(folder, 'new'), greeting(word));
    renameSync(join(folder, 'new'), join(folder, name));
  };
  put('a-plugin.mjs', 'Hello');
  const child = spawn(process.execPath, [host, folder], { stdio: ['ignore', 'pipe', 'inherit'], env: testEnv() });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async (): Promise<string> => (await within(30_000, 'a line', lines.next())).value as string;
  assert.equal(await line(), 'Hello a-plugin.mjs');
  put('b-plugin.mjs', 'Welcome');
  assert.equal(await line(), 'Welcome b-plugin.mjs');
  put('a-plugin.mjs', 'Good morning');
  assert.equal(await line(), 'Good morning a-plugin.mjs');
  writeFileSync(join(folder, 'c-plugin.mjs'), 'no JavaScript');
  assert.equal(await line(), 'c-plugin.mjs is given up until its file changes');
  put('c-plugin.mjs', 'Hi');
  assert.equal(await line(), 'Hi c-plugin.mjs');
  rmSync(join(folder, 'c-plugin.mjs'));
  assert.equal(await line(), 'c-plugin.mjs is gone');
  put('d-plugin.mjs', '${no}');
  assert.equal(await line(), 'd-plugin.mjs: /greeter.v1.Greeter/Greet UNKNOWN: no is not defined');
  rmSync(join(folder, 'd-plugin.mjs'));
  assert.equal(await line(), 'd-plugin.mjs is gone');
  rmSync(join(folder, 'b-plugin.mjs'));
  assert.equal(await line(), 'b-plugin.mjs is gone');
  child.kill('SIGTERM');
  assert.equal(await line(), 'a-plugin.mjs is gone');
  await once(child, 'exit');
  rmSync(folder, { recursive: true });
});
