import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { handshake, plugins } from '../basic/contract.js';
import { workerRunner } from './worker-runner.js';

await using client = createClient({
  runner: workerRunner(new URL('../basic/plugin.js', import.meta.url)),
  handshake,
  plugins,
});
await client.start();
const greeter = await client.dispense('greeter');
const { greeting } = await firstValueFrom(greeter.greet({ name: client.id }));
console.log(greeting);
