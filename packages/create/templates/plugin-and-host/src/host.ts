import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { handshake, plugins } from './contract.js';

const plugin = fileURLToPath(new URL('plugin.js', import.meta.url));
const client = createClient({ command: [process.execPath, plugin], handshake, plugins, autoMtls: true });
client.logs$.subscribe(({ level, message }) => console.error(level, message));
try {
  await client.start();
  const greeter = await client.dispense('greeter');
  const { greeting } = await firstValueFrom(greeter.greet({ name: 'Ada' }));
  console.log(greeting);
  await greeter.countDown({ from: 3 }).forEach(({ number }) => console.log(number));
} finally {
  await client.stop();
}
