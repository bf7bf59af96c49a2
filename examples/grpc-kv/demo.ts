import { fileURLToPath } from 'node:url';
import { firstValueFrom, map, of, take, toArray } from 'rxjs';
import { type ClientOf, createClient } from 'rxplug';
import { GrpcError } from 'rxplug/grpc';
import type { KVDefinition } from '../gen/kv.js';
import { handshake, plugins } from './contract.js';
import { goPlugin } from './go-plugin.js';
import { Terminal } from './terminal.js';

const terminal = new Terminal();
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array) => new TextDecoder().decode(value);

await demonstrate('A plugin in TypeScript', 'typescript-kv', [
  process.execPath,
  fileURLToPath(new URL('plugin.js', import.meta.url)),
]);
const command = await goPlugin();
if (command === undefined) terminal.heading('A plugin in Go: skipped, there is no Go on this machine.');
else await demonstrate('A plugin in Go', 'go-kv', command);

async function demonstrate(title: string, name: string, command: readonly string[]): Promise<void> {
  terminal.heading(title);
  // Construct, subscribe, start: no event is missed.
  await using client = createClient({ name, command, handshake, plugins, logSink: terminal.logSink });
  client.state$.subscribe((state) => terminal.state(state));
  client.syncStdout$.subscribe((chunk) => terminal.print('stdout', text(chunk).trimEnd(), 'green'));
  await client.start();

  const kv = await client.dispense('kv');
  const changes = kv.watch({ prefix: 'planet/' }).subscribe(({ key, value }) => {
    terminal.print('watch', value === undefined ? `${key} was deleted` : `${key} = ${text(value)}`, 'yellow');
  });
  await putColours(kv);
  const { value } = await firstValueFrom(kv.get({ key: 'planet/mars' }));
  terminal.print('get', `planet/mars = ${text(value)}`, 'green');
  const missing = await firstValueFrom(kv.get({ key: 'planet/pluto' })).catch((error: unknown) => error);
  terminal.print('error', missing instanceof GrpcError ? missing.message : String(missing), 'red');
  const imported = await firstValueFrom(
    kv.import(of({ key: 'planet/venus', value: bytes('white') }, { key: 'planet/saturn', value: bytes('gold') })),
  );
  terminal.print('import', `${imported.entries} entries, ${imported.bytes} bytes`, 'green');
  const seen = await firstValueFrom(
    kv.watch({ prefix: 'planet/', existing: true }).pipe(
      take(4),
      map(({ key }) => key),
      toArray(),
    ),
  );
  terminal.print('list', seen.join(', '), 'green');
  changes.unsubscribe();
  await client.ping();
  terminal.print('ping', 'the plugin is serving', 'green');
}

async function putColours(kv: ClientOf<typeof KVDefinition>): Promise<void> {
  for (const [key, value] of [
    ['planet/earth', 'blue'],
    ['planet/mars', 'red'],
    ['star/sun', 'yellow'],
  ] as const) {
    const { revision } = await firstValueFrom(kv.put({ key, value: bytes(value) }));
    terminal.print('put', `${key} = ${value}, revision ${revision}`, 'green');
  }
}
