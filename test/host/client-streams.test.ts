import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EmptyError, firstValueFrom, lastValueFrom, type Observable, toArray } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { createClient, launch, type PluginClient } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const plugin = fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url));
const options = { command: [process.execPath, plugin] as const, handshake, plugins };

/** Notes in `events` what every stream of the client does. */
function watch(client: PluginClient<typeof plugins>, events: string[]): void {
  const note = (name: string, stream$: Observable<unknown>) =>
    stream$.subscribe({
      next: () => events.push(name),
      error: () => events.push(`${name} failed`),
      complete: () => events.push(`${name} done`),
    });
  note('handshake', client.handshake$);
  note('logs', client.logs$);
  note('exit', client.exit$);
  note('stdout', client.syncStdout$);
  note('stderr', client.syncStderr$);
  client.state$.subscribe({ next: ({ status }) => events.push(status), complete: () => events.push('state done') });
}

test('a client that was not started has started nothing, and stops without leaving anything', async () => {
  const client = createClient(options);
  const events: string[] = [];
  watch(client, events);
  assert.deepEqual([client.id, client.exited, events], ['', false, ['idle']]);
  assertTempDirEmpty();
  await client.stop();
  assert.deepEqual(events.slice(-2), ['exited', 'state done']);
  assert.deepEqual(events.filter((event) => event.endsWith(' done')).toSorted(), [
    'exit done',
    'handshake done',
    'logs done',
    'state done',
    'stderr done',
    'stdout done',
  ]);
});

test('handshake$ and exit$ emit once, also to late subscribers; without a start they complete empty', async () => {
  const client = createClient(options);
  await client.start();
  assert.equal((await firstValueFrom(client.handshake$)).protocol, 'grpc');
  await client.stop();
  assert.equal((await lastValueFrom(client.handshake$.pipe(toArray()))).length, 1);
  assert.deepEqual(await lastValueFrom(client.exit$.pipe(toArray())), [{ code: 0, signal: null }]);

  const idle = createClient(options);
  await idle.stop();
  await assert.rejects(firstValueFrom(idle.handshake$), EmptyError);
  await assert.rejects(firstValueFrom(idle.exit$), EmptyError);
});

test('logs$ and output are not replayed, and all streams are complete when the plugin has exited', async () => {
  const client = createClient(options);
  const events: string[] = [];
  watch(client, events);
  await client.start();
  await client.stop();
  assert.ok(events.includes('logs'));
  const streams = [client.logs$, client.syncStdout$, client.syncStderr$];
  for (const stream$ of streams)
    assert.deepEqual(await lastValueFrom((stream$ as Observable<unknown>).pipe(toArray())), []);
  assert.equal((await lastValueFrom(client.state$)).status, 'exited');
  assert.equal(events.filter((event) => event.endsWith(' failed')).length, 0);
});

test('the state is exited after all other streams have completed and everything is released', async () => {
  const client = createClient(options);
  const events: string[] = [];
  watch(client, events);
  client.state$.subscribe(({ status }) => {
    if (status === 'exited') assertTempDirEmpty();
  });
  await client.start();
  await client.stop();
  const exited = events.indexOf('exited');
  assert.deepEqual(events.slice(exited), ['exited', 'state done']);
  assert.ok(events.indexOf('stopping') < events.indexOf('exit'));
});

test('stop does not wait for a paused reader, which gets the output afterwards', async () => {
  const output = 'output\n'.repeat(15_000);
  const command = fixture('serves', JSON.stringify({ printBefore: output }));
  const cookie = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
  const client = createClient({ command, handshake: cookie, plugins });
  client.syncStdout.pause();
  client.ref();
  const arriving = firstValueFrom(client.syncStdout$);
  await client.start();
  await arriving;
  await within(20_000, 'the stop', client.stop());
  assert.equal(await text(client.syncStdout), output);
});

test('launch completes when somebody stops the client', async () => {
  const clients: PluginClient[] = [];
  await new Promise<void>((resolve, reject) => {
    launch(options).subscribe({
      next: (client) => {
        clients.push(client);
        void client.stop();
      },
      error: reject,
      complete: resolve,
    });
  });
  assert.equal(clients.length, 1);
  assert.equal(clients[0]!.exited, true);
});

test('launch starts a process per subscription', async () => {
  const plugin$ = launch(options);
  const [first, second] = await Promise.all([firstValueFrom(plugin$), firstValueFrom(plugin$)]);
  assert.notEqual(first.id, second.id);
  await Promise.all([first.stop(), second.stop()]);
});
