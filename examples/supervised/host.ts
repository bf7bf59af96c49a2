import { fileURLToPath } from 'node:url';
import { firstValueFrom, retry, switchMap, tap } from 'rxjs';
import { backoff, launch } from 'rxplug';
import { handshake, plugins } from '../grpc-kv/contract.js';

const plugin = fileURLToPath(new URL('../grpc-kv/plugin.js', import.meta.url));
let starts = 0;

// #region supervise
// A crash is an error of the Observable, so `retry` restarts the plugin, and everything below it is set up again.
const stored$ = launch({ command: [process.execPath, plugin], handshake, plugins }).pipe(
  tap((client) => {
    console.log(`start ${++starts}`);
    if (starts < 3) process.kill(Number(client.id), 'SIGKILL');
  }),
  switchMap((client) => client.dispense('kv')),
  switchMap((kv) => kv.put({ key: 'greeting', value: new TextEncoder().encode('hello') })),
  retry({ delay: backoff({ initialMs: 20, maxMs: 1000 }) }),
);
// #endregion supervise

const { revision } = await firstValueFrom(stored$);
console.log(`stored by start ${starts}, revision ${revision}`);
