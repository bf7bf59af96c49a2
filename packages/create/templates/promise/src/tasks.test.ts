import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createClient } from 'rxplug';
import { createPluginPair } from 'rxplug/testing';
import { handshake, plugins } from './contract.js';
import { tasks } from './tasks.js';

test('the service, in this process', async () => {
  await using pair = await createPluginPair(plugins, { tasks });
  const client = await pair.dispense('tasks');
  assert.equal((await client.add({ title: 'a' })).count, 1);
  await assert.rejects(client.add({ title: '' }), /the title is empty/);
  assert.equal((await client.import([{ title: 'b', done: true }])).count, 1);
  const titles: string[] = [];
  for await (const { title } of client.list({ openOnly: true })) titles.push(title);
  assert.deepEqual(titles, ['a']);
});

test('the plugin, as a process', async () => {
  const command = [process.execPath, fileURLToPath(new URL('plugin.js', import.meta.url))] as const;
  await using client = createClient({ command, handshake, plugins, autoMtls: true });
  await client.start();
  const served = await client.dispense('tasks');
  assert.equal((await served.add({ title: 'a' })).count, 1);
});
