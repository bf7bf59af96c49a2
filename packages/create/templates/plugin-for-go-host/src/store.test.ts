import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { handshake, plugins } from './contract.js';

test('the plugin stores, counts writes, and says what it does not have', async () => {
  const command = [process.execPath, fileURLToPath(new URL('plugin.js', import.meta.url))] as const;
  await using client = createClient({ command, handshake, plugins, autoMtls: true });
  await client.start();
  const store = await client.dispense('store');
  for (const revision of [1n, 2n])
    assert.deepEqual(await firstValueFrom(store.put({ key: 'a', value: Buffer.from('1') })), { revision });
  const { value } = await firstValueFrom(store.get({ key: 'a' }));
  assert.equal(Buffer.from(value).toString(), '1');
  await assert.rejects(firstValueFrom(store.get({ key: 'b' })), /there is no value for "b"/);
});
