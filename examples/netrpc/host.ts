import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { createClient, RemoteError } from 'rxplug';
import { handshake, plugins } from './contract.js';

// By default the plugin in TypeScript; another one is given as arguments: `node host.js ./plugin-in-go`.
const ours: [string, ...string[]] = [process.execPath, fileURLToPath(new URL('plugin.js', import.meta.url))];
const [file, ...args] = process.argv.slice(2);
const command: [string, ...string[]] = file === undefined ? ours : [file, ...args];

await using client = createClient({ command, handshake, plugins });
await client.start();

const greeter = await client.dispense('greeter');
console.log(await firstValueFrom(greeter.greet()));

const kv = await client.dispense('kv');
const entry = { Key: 'a', Value: new Uint8Array([1, 2]), Tags: { colour: 'blue' }, Expires: new Date('2030-01-01') };
console.log(await firstValueFrom(kv.put(entry)), 'entry');
const { Entry: found } = await firstValueFrom(kv.get('a'));
console.log(`a is ${found?.Tags['colour']}, until ${found?.Expires.toISOString().slice(0, 10)}`);
await firstValueFrom(kv.delete('a'));
const { Err } = await firstValueFrom(kv.get('a'));
console.log(`error in the reply: ${Err?.Message}`);
await firstValueFrom(kv.put({ ...entry, Key: '' })).catch((error: unknown) => {
  console.log(`error of the call: ${error instanceof RemoteError ? error.message : String(error)}`);
});
