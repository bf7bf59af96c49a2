import { fileURLToPath } from 'node:url';
import { createClient } from 'rxplug';
import { handshake, plugins } from './contract.js';

const plugin = fileURLToPath(new URL('plugin.js', import.meta.url));
// Stops the plugin when the program leaves this block, in whatever way.
await using client = createClient({ command: [process.execPath, plugin], handshake, plugins, autoMtls: true });
await client.start();
const tasks = await client.dispense('tasks');

await tasks.add({ title: 'write a plugin' });
const { count } = await tasks.import([{ title: 'read the documentation', done: true }, { title: 'ship it' }]);
console.log(`${count} imported`);
for await (const { title, done } of tasks.list({})) console.log(done ? '[x]' : '[ ]', title);
