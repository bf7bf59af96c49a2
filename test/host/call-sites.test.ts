import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { plugins as kvPlugins } from '../../examples/grpc-kv/contract.js';
import { createClient } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';
import { handshake, kv, unified } from '../protocols/dual/kv.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const testHandshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };

/** What has failed: its stack. */
async function stackOf(failing: Promise<unknown>): Promise<string> {
  const error: unknown = await failing.catch((thrown: unknown) => thrown);
  assert.ok(error instanceof Error);
  return error.stack ?? '';
}

for (const protocol of ['grpc', 'netrpc'] as const)
  test(`${protocol}: with callSites the stack of a failed call has the frame of its caller, without it has not`, async () => {
    for (const callSites of [true, false]) {
      const command = fixture('fails-in-calls', protocol);
      await using client = createClient({ command, handshake, plugins: { kv: unified }, callSites });
      await client.start();
      const store = await client.dispense('kv');
      const askTheStore = (): Promise<string> => store.get('answers');
      const stack = await stackOf(askTheStore());
      assert.match(stack, /no such key/);
      assert.equal(/\n {4}at the call:\n {4}at askTheStore .*call-sites\.test/.test(stack), callSites, stack);
    }
    assertTempDirEmpty();
  });

test('a call that is an Observable, and one that is read, have the frame where they were made', async () => {
  await using client = createClient({
    command: fixture('serves'),
    handshake: testHandshake,
    plugins: { kv: kvPlugins.kv },
    callSites: true,
  });
  await client.start();
  const store = await client.dispense('kv');
  const makeTheCall = () => store.get({ key: 'none' });
  assert.match(await stackOf(firstValueFrom(makeTheCall())), /at the call:\n {4}at makeTheCall /);
  const controller = new AbortController();
  const readTheCall = () => store.watch.readable({ prefix: '' }, { signal: controller.signal });
  const reading = stackOf(readTheCall().toArray());
  controller.abort();
  assert.match(await reading, /at the call:\n {4}at readTheCall /);
});

test('the variable RXPLUG_CALL_SITES turns it on: start, dispense and ping too', async () => {
  process.env['RXPLUG_CALL_SITES'] = '1';
  try {
    const client = createClient({ command: ['/nonexistent/plugin'], handshake, plugins: { kv } });
    const startThePlugin = () => client.start();
    assert.match(await stackOf(startThePlugin()), /at the call:\n {4}at startThePlugin .*call-sites\.test/);
    const askForHealth = () => client.ping();
    // Refused within the call: the stack has the caller anyhow, and only once.
    assert.equal((await stackOf(askForHealth())).match(/at askForHealth /g)?.length, 1);
    const getTheClient = () => client.dispense('kv');
    assert.equal((await stackOf(getTheClient())).match(/at getTheClient /g)?.length, 1);
  } finally {
    Reflect.deleteProperty(process.env, 'RXPLUG_CALL_SITES');
  }
});
