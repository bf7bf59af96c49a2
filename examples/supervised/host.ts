import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom } from 'rxjs';
import { supervise } from 'rxplug/supervise';
import { handshake, plugins } from '../grpc-kv/contract.js';

const command: [string, ...string[]] = [
  process.execPath,
  fileURLToPath(new URL('../grpc-kv/plugin.js', import.meta.url)),
];
const value = new TextEncoder().encode('hello');

// #region supervise
await using plugin = supervise({ command, handshake, plugins });
plugin.events$.subscribe((event) => {
  if (event.type === 'started') console.log(`generation ${event.generation} serves`);
  if (event.type === 'stopped') console.log(`generation ${event.stop.generation} stopped: ${event.stop.exit?.signal}`);
});
const kv = await plugin.dispense('kv'); // once: it calls whichever process serves
await firstValueFrom(kv.put({ key: 'greeting', value }));
// #endregion supervise

// Who waits for an event only does not keep the program running, as a server would.
const running = setInterval(() => {}, 60_000);
const stopped = firstValueFrom(plugin.events$.pipe(filter(({ type }) => type === 'stopped')));
process.kill(Number(plugin.id), 'SIGKILL');
await stopped;
const { revision } = await firstValueFrom(kv.put({ key: 'greeting', value }));
console.log(`stored again, revision ${revision}`);
clearInterval(running);
