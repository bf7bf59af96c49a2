import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { filter, firstValueFrom, lastValueFrom, retry, switchMap, take } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { KvStore } from '../../examples/grpc-kv/kv-store.js';
import { GrpcError } from '../../src/grpc.js';
import { createClient, implement, launch, netRpcPlugin, type PluginClient, type PluginError } from '../../src/index.js';
import { gob, method } from '../../src/net-rpc.js';
import { inProcessRunner } from '../../src/testing/index.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const host = { handshake, plugins: { kv: plugins.kv } };
const plugin = { handshake, plugins: { kv: KvStore } };
const value = Buffer.from('1');

for (const [title, autoMtls, network] of [
  ['a unix socket', false, 'unix'],
  ['a unix socket with AutoMTLS', true, 'unix'],
  ['TCP', false, 'tcp'],
  ['TCP with AutoMTLS', true, 'tcp'],
] as const) {
  test(`over ${title}: a whole life without a process: start, call, log, print, ping, stop`, async () => {
    const runner = inProcessRunner({ ...plugin, network, program: ({ stdout }) => stdout.write('printed') });
    const client = createClient({ ...host, runner, autoMtls });
    const logged = firstValueFrom(client.logs$.pipe(filter(({ message }) => message === 'stored')));
    const printed = once(client.syncStdout, 'data');
    await client.start();
    const kv = await client.dispense('kv');
    assert.deepEqual(await firstValueFrom(kv.put({ key: 'a', value })), { revision: 1n });
    assert.equal((await logged).module, 'kv');
    assert.equal(String((await printed)[0]), 'printed');
    await client.ping();
    await client.stop();
    assert.deepEqual(await lastValueFrom(client.exit$), { code: 0, signal: null });
    assert.equal(runner.plugins[0]!.kills, 1);
    assertTempDirEmpty();
  });
}

test('after a crash calls fail, the host is told, and a supervised plugin is started again', async () => {
  const runner = inProcessRunner(plugin);
  const clients: PluginClient[] = [];
  const onClient = (client: PluginClient): void => void clients.push(client);
  const revision$ = launch({ ...host, runner, onClient }).pipe(
    switchMap((client) => client.dispense('kv')),
    switchMap(async (kv) => {
      await firstValueFrom(kv.put({ key: 'a', value }));
      if (runner.plugins.length === 1) void runner.plugins[0]!.exit({ code: 2 });
      return await firstValueFrom(kv.get({ key: 'a' }));
    }),
    retry({ count: 1 }),
    take(1),
  );
  assert.equal((await firstValueFrom(revision$)).revision, 1n);
  assert.equal(runner.plugins.length, 2);
  // Unsubscribing stops without waiting.
  await Promise.all(clients.map((client) => client.stop()));
  await Promise.all(runner.plugins.map((each) => lastValueFrom(each.exit$)));
  assertTempDirEmpty();
});

test('calls in flight at a crash fail with its cause', async () => {
  const runner = inProcessRunner(plugin);
  const client = createClient({ ...host, runner });
  await client.start();
  const kv = await client.dispense('kv');
  const watching = lastValueFrom(kv.watch({}));
  void runner.plugins[0]!.exit({ signal: 'SIGSEGV' });
  await assert.rejects(watching, (error) => GrpcError.is(error));
  const state = await lastValueFrom(client.state$);
  assert.ok(state.status === 'exited' && state.reason.kind === 'crashed' && state.exit?.signal === 'SIGSEGV');
});

test('a host with another cookie, and a plugin that cannot be served, fail as with a process', async () => {
  const stranger = { ...handshake, magicCookieValue: 'another' };
  const refused = createClient({ ...host, handshake: stranger, runner: inProcessRunner(plugin) });
  await assert.rejects(refused.start(), (error: PluginError) => {
    assert.deepEqual([error.code, error.details.exitCode], ['ERR_EXITED_EARLY', 1]);
    assert.match(error.details.stderr?.join('\n') ?? '', /no magic cookie/);
    return true;
  });
  const broken = inProcessRunner({ ...plugin, tlsProvider: () => Promise.reject(new Error('no certificate')) });
  await assert.rejects(createClient({ ...host, runner: broken }).start(), (error: PluginError) => {
    assert.match(error.details.stderr?.join('\n') ?? '', /cannot be served.*no certificate/);
    return true;
  });
  assertTempDirEmpty();
});

test('a plugin of net/rpc is served as well', async () => {
  const plugins = { greeter: netRpcPlugin({ greet: method(gob.string, gob.string) }) };
  const greeter = implement(plugins.greeter, { greet: (name) => `Hello ${name}!` });
  const runner = inProcessRunner({ handshake, plugins: { greeter } });
  const client = createClient({ runner, handshake, plugins, autoMtls: true });
  await client.start();
  assert.equal(client.protocol, 'netrpc');
  assert.equal(await firstValueFrom((await client.dispense('greeter')).greet('Ada')), 'Hello Ada!');
  await client.stop();
  assert.deepEqual(await lastValueFrom(client.exit$), { code: 0, signal: null });
  assertTempDirEmpty();
});

test('hooks run before the host is answered', async () => {
  const events: string[] = [];
  const runner = inProcessRunner({ ...plugin, onShutdown: () => void events.push('hook') });
  const client = createClient({ ...host, runner });
  client.exit$.subscribe(() => events.push('exit'));
  await client.start();
  await client.stop();
  assert.deepEqual(events, ['hook', 'exit']);
});
