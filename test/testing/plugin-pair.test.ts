import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { KvStore } from '../../examples/grpc-kv/kv-store.js';
import { implement, type LogRecord, PluginError } from '../../src/index.js';
import { createPluginPair } from '../../src/testing/index.js';
import { createLogger } from '../../src/wire/logs/logger.js';
import { defer, within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { JOINTS } from './joints.js';

const assertTempDirEmpty = ownTempDir();
const set = { kv: plugins.kv };
const value = Buffer.from('1');

for (const [title, joint] of JOINTS) {
  test(`over ${title}: dispense, ping, stdio and shutdown, as between two processes`, async () => {
    await using pair = await createPluginPair(set, { kv: KvStore }, joint);
    const kv = await pair.dispense('kv');
    assert.deepEqual(await firstValueFrom(kv.put({ key: 'a', value })), { revision: 1n });
    await pair.host.ping({ timeoutMs: 5000 });
    pair.pluginStdout.write('printed');
    pair.pluginStderr.write('complained');
    assert.equal(String((await once(pair.syncStdout, 'data'))[0]), 'printed');
    assert.equal(String((await once(pair.syncStderr, 'data'))[0]), 'complained');
    assert.equal(await pair.host.shutdown({ timeoutMs: 5000 }), true);
    await within(5000, 'the end of the plugin', pair.plugin.ended);
  });

  test(`over ${title}: disposing ends everything, twice, and leaves nothing`, async () => {
    const pair = await createPluginPair(set, { kv: KvStore }, joint);
    const kv = await pair.dispense('kv');
    const watching = firstValueFrom(kv.watch({}));
    await Promise.all([assert.rejects(watching), pair.dispose(), pair.dispose()]);
    await assert.rejects(firstValueFrom(kv.get({ key: 'a' })));
    assertTempDirEmpty();
  });
}

test('a service may be given as implement() gives it, and logs under its name', async () => {
  const records: LogRecord[] = [];
  const logger = createLogger({ write: (record) => records.push(record) });
  const kv = implement(plugins.kv, (context) => new KvStore(context.logger));
  await using pair = await createPluginPair(set, { kv }, { logger });
  await firstValueFrom((await pair.dispense('kv')).put({ key: 'a', value }));
  assert.deepEqual(
    records.map(({ module, message }) => [module, message]),
    [['kv', 'stored']],
  );
});

test('the hook is called at a shutdown, before the answer', async () => {
  const called = defer();
  let answered = false;
  const onShutdown = () => {
    assert.equal(answered, false);
    called.resolve();
  };
  await using pair = await createPluginPair(set, { kv: KvStore }, { onShutdown });
  answered = await pair.host.shutdown({ timeoutMs: 5000 });
  await within(5000, 'the hook', called.promise);
});

test('a name outside the set is refused as by a real host', async () => {
  await using pair = await createPluginPair(set, { kv: KvStore });
  const unknown = pair.dispense('nope' as 'kv');
  await assert.rejects(unknown, (error) => PluginError.is(error) && error.code === 'ERR_UNKNOWN_PLUGIN');
});

test('what cannot be assembled rejects, and leaves nothing', async () => {
  class Unmarked {}
  await assert.rejects(createPluginPair(set, { kv: Unmarked }, { transport: 'unix' }), { code: 'ERR_OPTIONS' });
  assertTempDirEmpty();
});
