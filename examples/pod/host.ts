import { catchError, concatMap, map, of, timer } from 'rxjs';
import { supervise } from 'rxplug/supervise';
import { handshake, plugins } from '../grpc-kv/contract.js';

const [directory = '', name = ''] = process.argv.slice(2);
const value = new TextEncoder().encode('hello');

// #region host
const plugin = supervise({ sidecar: { directory, name }, handshake, plugins });
plugin.events$.subscribe((event) => {
  if (event.type === 'started') console.log(`generation ${event.generation} serves`);
});
const kv = await plugin.dispense('kv'); // once: it calls whichever process serves
// #endregion host
// Once a second, as calls of a service would come. One that a death interrupts may have been done, and is not made again.
timer(0, 1000)
  .pipe(
    concatMap(() =>
      kv.put({ key: 'greeting', value }).pipe(
        map(({ revision }) => `stored, revision ${revision}`),
        catchError((error: Error) => of(`not known to be stored: ${error.message}`)),
      ),
    ),
  )
  .subscribe((line) => console.log(line));

// The first process of a container ends by SIGTERM only if it listens to it.
process.once('SIGTERM', () => {
  void plugin.stop().finally(() => process.exit());
});
