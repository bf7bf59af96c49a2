import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { createClient } from 'rxplug';
import { createPluginPair } from 'rxplug/testing';
import { handshake, plugins } from './contract.js';
import { greeter } from './greeter.js';

test('the service, in this process', async () => {
  await using pair = await createPluginPair(plugins, { greeter });
  const client = await pair.dispense('greeter');
  assert.deepEqual(await firstValueFrom(client.greet({ name: 'Ada' })), { greeting: 'Hello Ada!' });
  const numbers = await lastValueFrom(client.countDown({ from: 3 }).pipe(toArray()));
  assert.deepEqual(numbers, [{ number: 3 }, { number: 2 }, { number: 1 }]);
});

test('the plugin, as a process', async () => {
  const command = [process.execPath, fileURLToPath(new URL('plugin.js', import.meta.url))] as const;
  await using client = createClient({ command, handshake, plugins, autoMtls: true });
  await client.start();
  const served = await client.dispense('greeter');
  assert.deepEqual(await firstValueFrom(served.greet({ name: 'Ada' })), { greeting: 'Hello Ada!' });
});
