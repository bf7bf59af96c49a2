import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { handshake, plugins } from './contract.js';

const plugin = fileURLToPath(new URL('plugin.js', import.meta.url));
await using client = createClient({ command: [process.execPath, plugin], handshake, plugins });
client.logs$.subscribe(({ level, message }) => console.error(level, message));
await client.start();

const greeter = await client.dispense('greeter');
const { greeting } = await firstValueFrom(greeter.greet({ name: 'Ada' }));
console.log(greeting);
