import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { needsGo } from '../conformance/build-go.js';
import { testEnv } from '../fixtures/fixture.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();

/** The output of an example, run as a user would. Rejects for an exit code other than 0. */
async function output(example: string): Promise<string> {
  const file = fileURLToPath(new URL(`../../examples/${example}.js`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file], {
    env: testEnv({ NO_COLOR: '1' }),
    timeout: 280_000,
  });
  assertTempDirEmpty();
  return stdout;
}

test('examples/basic greets', async () => {
  assert.equal(await output('basic/host'), 'Hello Ada!\n');
});

test('examples/streaming shows all four call kinds', async () => {
  const lines = (await output('streaming/host')).trimEnd().split('\n');
  assert.deepEqual(lines, [
    'AB 100.00  CD 100.00  AB 100.50  CD 100.50  AB 100.99  CD 100.99',
    'sum of a thousand prices: 100008.14',
    'mean of 6: 100.50',
    'alert: 30 is over 25',
    'alert: 40 is over 25',
  ]);
});

test('examples/negotiated uses the highest common version, and fails to start without one', async () => {
  assert.equal(
    await output('negotiated/host'),
    'host has 2 and 3, plugin has 1 and 2: version 2\nhost has 3: ERR_APP_VERSION_MISMATCH, the plugin has chosen 1\n',
  );
});

test('examples/supervised goes on after a crash, with the same client', async () => {
  const lines = [
    'generation 1 serves',
    'generation 1 stopped: SIGKILL',
    'generation 2 serves',
    'stored again, revision 1',
  ];
  assert.equal(await output('supervised/host'), `${lines.join('\n')}\n`);
});

test('examples/endpoint calls a plugin that is a service, until that is told to end', async () => {
  const lines = ['Hello Ada!', 'the service is about to end', 'the service has ended with code 0'];
  assert.equal(await output('endpoint/host'), `${lines.join('\n')}\n`);
});

test('examples/worker-runner runs a plugin in a thread', async () => {
  // The number varies: module hooks (of a coverage tool, for instance) run in a thread of their own.
  assert.match(await output('worker-runner/host'), /^Hello thread \d+!\n$/);
});

test('the demo runs the TypeScript plugin from start to end', async () => {
  const [, typescript = '', go = ''] = (await output('grpc-kv/demo')).split(/^A plugin in /m);
  assert.match(typescript, /running: grpc version 1/);
  assert.match(typescript, /info {2}typescript-kv kv: stored .*key=planet\/mars/);
  assert.match(typescript, /watch {4}planet\/mars = red/);
  assert.match(typescript, /get {6}planet\/mars = red/);
  assert.match(typescript, /NOT_FOUND/);
  assert.match(typescript, /stdout {3}closing the store/);
  assert.match(typescript, /exited with code 0 \(stopped\)/);
  if (needsGo().skip !== false) assert.match(go, /skipped/);
  else assert.match(go, /get {6}planet\/mars = red[\s\S]*exited with code 0 \(stopped\)/);
});
