/** TypeScript that Node runs by itself, from the packed package, with code that ts-proto has generated. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';
import { packedProject } from '../support/packed-project.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const { typescript } = process.features as { readonly typescript?: 'strip' | 'transform' | false };

test('Node runs a host and its plugin, and generated code', {
  skip: !typescript && 'this version of Node does not run TypeScript',
}, async () => {
  const { directory } = await packedProject();
  after(() => rm(directory, { recursive: true }));
  await cp(join(root, 'test/fixtures/tools/typescript'), directory, { recursive: true });
  await mkdir(join(directory, 'proto'));
  await cp(join(root, 'proto/examples/greeter.proto'), join(directory, 'proto/greeter.proto'));
  const PATH = `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH']}`;
  await run(join(root, 'node_modules/.bin/buf'), ['generate'], { cwd: directory, env: testEnv({ PATH }) });
  const { stdout } = await run(process.execPath, ['host.ts'], { cwd: directory, env: testEnv() });
  assert.equal(stdout, 'Hello Ada!\n');
});
