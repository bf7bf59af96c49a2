import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom, lastValueFrom, map, retry, switchMap, take, tap, toArray } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { GrpcError, status } from '../../src/grpc.js';
import { createClient, launch, PluginError, type PluginSet } from '../../src/index.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const command: [string, ...string[]] = [
  process.execPath,
  fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url)),
];
const options = { command, handshake, plugins };
const bytes = (text: string) => new TextEncoder().encode(text);
const hasCode = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;

test('state$ emits every state of a plugin from start to stop', async () => {
  const client = createClient(options);
  const states = firstValueFrom(
    client.state$.pipe(
      map(({ status }) => status),
      toArray(),
    ),
  );
  const exit = firstValueFrom(client.exit$);
  assert.deepEqual([client.id, client.protocol, client.negotiatedVersion], ['', undefined, undefined]);
  await client.start();
  assert.equal(client.protocol, 'grpc');
  assert.equal(client.negotiatedVersion, 1);
  assert.match(client.id, /^\d+$/);
  assert.equal(client.exited, false);
  assert.equal((await firstValueFrom(client.handshake$)).appVersion, 1);
  await client.stop();
  assert.equal(client.exited, true);
  assert.match(client.id, /^\d+$/);
  assert.deepEqual([client.protocol, client.negotiatedVersion], ['grpc', 1]);
  assert.deepEqual(await states, ['idle', 'starting', 'starting', 'starting', 'running', 'stopping', 'exited']);
  assert.deepEqual(await exit, { code: 0, signal: null });
  assertTempDirEmpty();
});

test('calls of a dispensed client reach the plugin, and its errors come back typed', async () => {
  await using client = createClient(options);
  await client.start();
  const kv = await client.dispense('kv');
  await firstValueFrom(kv.put({ key: 'a', value: bytes('1') }));
  assert.deepEqual((await firstValueFrom(kv.get({ key: 'a' }))).value, Buffer.from('1'));
  await assert.rejects(
    firstValueFrom(kv.get({ key: 'b' })),
    (error) => GrpcError.is(error) && error.status === status.NOT_FOUND && error.metadata.get('kv-key')[0] === 'b',
  );
  await client.ping();
});

test('start and stop may be called several times, also at once', async () => {
  const client = createClient(options);
  await Promise.all([client.start(), client.start()]);
  await Promise.all([client.stop(), client.stop(), client[Symbol.asyncDispose]()]);
  await client.stop();
  await assert.rejects(client.start(), hasCode('ERR_CLOSED'));
  await assert.rejects(client.ping(), hasCode('ERR_CLOSED'));
});

test('K-01 stop may be called before start, which then rejects', async () => {
  const client = createClient(options);
  await client.stop();
  assert.equal(client.exited, true);
  await assert.rejects(client.start(), hasCode('ERR_CLOSED'));
});

test('a stop during the start ends it with ERR_START_ABORTED', async () => {
  const client = createClient(options);
  const start = client.start();
  await firstValueFrom(
    client.state$.pipe(filter((state) => state.status === 'starting' && state.phase === 'handshaking')),
  );
  const stop = client.stop();
  await assert.rejects(start, hasCode('ERR_START_ABORTED'));
  await stop;
  const state = await lastValueFrom(client.state$);
  assert.ok(state.status === 'exited' && state.reason.kind === 'stopped');
});

test('after a crash the state has its reason, pending and later calls fail, and the client is closed', async () => {
  const client = createClient(options);
  client.ref();
  await client.start();
  const kv = await client.dispense('kv');
  const isUnavailable = (error: unknown) => GrpcError.is(error) && error.status === status.UNAVAILABLE;
  const pending = assert.rejects(lastValueFrom(kv.watch({ prefix: '' })), isUnavailable);
  process.kill(Number(client.id), 'SIGKILL');
  await pending;
  const state = await lastValueFrom(client.state$);
  assert.ok(state.status === 'exited' && state.reason.kind === 'crashed');
  assert.deepEqual(state.exit, { code: null, signal: 'SIGKILL' });
  await assert.rejects(client.start(), hasCode('ERR_PLUGIN_EXITED'));
  await assert.rejects(client.dispense('kv'), hasCode('ERR_PLUGIN_EXITED'));
  const later = await firstValueFrom(kv.get({ key: 'a' })).catch((error: unknown) => error);
  assert.ok(isUnavailable(later) && String(later).includes('exited by SIGKILL'), String(later));
  await client.stop();
  assertTempDirEmpty();
});

test('dispense and ping reject before the plugin runs', async () => {
  const client = createClient(options);
  await assert.rejects(client.dispense('kv'), hasCode('ERR_NOT_STARTED'));
  await assert.rejects(client.ping(), hasCode('ERR_NOT_STARTED'));
  await client.stop();
});

test('an unknown name cannot be dispensed', async () => {
  await using client = createClient({ ...options, plugins: plugins as PluginSet });
  await client.start();
  await assert.rejects(
    client.dispense('nope'),
    (error) => hasCode('ERR_UNKNOWN_PLUGIN')(error) && /unknown plugin type: nope/.test(String(error)),
  );
});

test('launch: subscribing starts, the value is a connected client, unsubscribing stops', async () => {
  const client = await firstValueFrom(launch(options).pipe(take(1)));
  assert.equal((await lastValueFrom(client.state$)).status, 'exited');
});

test('launch: a crash is an error, so retry is a restart', async () => {
  const ids: string[] = [];
  const key$ = launch(options).pipe(
    tap((client) => {
      ids.push(client.id);
      if (ids.length < 3) process.kill(Number(client.id), 'SIGKILL');
    }),
    filter(() => ids.length === 3),
    switchMap((client) => client.dispense('kv')),
    switchMap((kv) => kv.put({ key: 'k', value: bytes('v') })),
    retry(5),
  );
  assert.equal((await firstValueFrom(key$)).revision, 1n);
  assert.equal(new Set(ids).size, 3);
});

test('launch: without retry the crash arrives as ERR_PLUGIN_EXITED', async () => {
  const running$ = launch(options).pipe(tap((client) => process.kill(Number(client.id), 'SIGKILL')));
  await assert.rejects(
    lastValueFrom(running$),
    (error) => hasCode('ERR_PLUGIN_EXITED')(error) && (error as PluginError).details.signal === 'SIGKILL',
  );
});

test('launch: a start that fails is its error', async () => {
  await assert.rejects(firstValueFrom(launch({ ...options, command: ['/nonexistent/plugin'] })), hasCode('ERR_SPAWN'));
});
