import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { firstValueFrom, lastValueFrom, map, retry, take, toArray } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { backoff, createClient, launch, type PluginClient } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const script = fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url));
const options = { command: [process.execPath, script], handshake, plugins };
const hanging = { ...options, command: fixture('hangs-before-handshake') };
const aborted = { code: 'ERR_START_ABORTED' };

test('a signal ends a start that is under way, with everything of it released', async () => {
  const client = createClient(hanging);
  const { signal, abort } = controller();
  const started = client.start({ signal });
  client.state$.subscribe((state) => {
    if (state.status === 'starting' && state.phase === 'handshaking') abort();
  });
  await assert.rejects(within(10_000, 'the end of the start', started), (error: Error & { code?: string }) => {
    return error.code === 'ERR_START_ABORTED' && error.cause === signal.reason;
  });
  assert.equal(client.exited, true);
  assertTempDirEmpty();
});

test('with a signal that is aborted nothing starts, and once the plugin runs a signal has no effect', async () => {
  await using client = createClient(options);
  await assert.rejects(client.start({ signal: AbortSignal.abort() }), aborted);
  assert.equal((await firstValueFrom(client.state$)).status, 'idle');
  const { signal, abort } = controller();
  await client.start({ signal });
  abort();
  await client.ping();
});

test('a signal ends the wait of a ping', async () => {
  await using client = createClient(options);
  await client.start();
  process.kill(Number(client.id), 'SIGSTOP');
  try {
    const { signal, abort } = controller();
    const ping = client.ping({ signal });
    setImmediate(abort);
    await assert.rejects(within(4000, 'the end of the ping', ping), (error) => error === signal.reason);
    await assert.rejects(client.ping({ signal }), (error) => error === signal.reason);
  } finally {
    process.kill(Number(client.id), 'SIGCONT');
  }
});

test('onClient of launch sees each client before its start: all states, all logs', async () => {
  const seen: string[] = [];
  const onClient = (client: PluginClient<typeof plugins>): void => {
    client.state$.subscribe((state) => seen.push(state.status === 'starting' ? state.phase : state.status));
    client.logs$.subscribe(({ module, message }) => module === 'rxplug' && seen.push(message));
  };
  await lastValueFrom(launch({ ...options, onClient }).pipe(take(1)));
  assert.deepEqual(seen.slice(0, 7), [
    'idle',
    'launching',
    'starting the plugin',
    'handshaking',
    'connecting',
    'running',
    'the plugin is ready',
  ]);
  let starts = 0;
  const failing$ = launch({ ...options, command: fixture('exits-at-once'), onClient: () => void (starts += 1) });
  const twice$ = failing$.pipe(retry({ count: 1, delay: backoff({ initialMs: 0, maxMs: 0 }) }));
  await assert.rejects(lastValueFrom(twice$), { code: 'ERR_EXITED_EARLY' });
  assert.equal(starts, 2);
});

test('the signal of launch ends a start with an error, and a running plugin by completing', async () => {
  const start = controller();
  const starting$ = launch({ ...hanging, signal: start.signal, onClient: () => setImmediate(start.abort) });
  await assert.rejects(within(10_000, 'the end of the start', lastValueFrom(starting$)), aborted);
  const run = controller();
  const running$ = launch({ ...options, signal: run.signal }).pipe(
    map((client) => {
      run.abort();
      return client;
    }),
    toArray(),
  );
  const [client] = await within(10_000, 'the end', firstValueFrom(running$));
  assert.equal(client?.exited, true);
  assertTempDirEmpty();
});

test('whenExited resolves with the exit, also afterwards and without a process', async () => {
  const client = createClient(options);
  const early = client.whenExited();
  await client.start();
  process.kill(Number(client.id), 'SIGKILL');
  assert.deepEqual(await within(10_000, 'the exit', client.whenExited()), { code: null, signal: 'SIGKILL' });
  assert.deepEqual(await early, await client.whenExited());
  await client.stop();
  const idle = createClient(options);
  await idle.stop();
  assert.deepEqual(await idle.whenExited(), { code: null, signal: null });
});

function controller(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controlling = new AbortController();
  return { signal: controlling.signal, abort: () => controlling.abort() };
}
