import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mock, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { debounceTime, firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { createClient, PluginError } from 'rxplug';
import { createGrpcClient } from 'rxplug/grpc';
import {
  checkPlugin,
  createConnectionPair,
  createGrpcConnection,
  createGrpcPair,
  createPluginPair,
  fakeRunner,
  inProcessRunner,
  marbles,
} from 'rxplug/testing';
import { KVDefinition } from '../../examples/gen/kv.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { KvStore } from '../../examples/grpc-kv/kv-store.js';
import { SILENT_LOGGER } from '../../src/wire/logs/logger.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const value = new TextEncoder().encode('1');

test('how do I test a service', async () => {
  const service = new KvStore(SILENT_LOGGER);
  // #region service
  await using pair = await createGrpcPair(KVDefinition, service);
  await firstValueFrom(pair.client.put({ key: 'a', value }));
  const { revision } = await firstValueFrom(pair.client.get({ key: 'a' }));
  assert.equal(revision, 1n);
  // #endregion service
});

test('how do I test over sockets and TLS', async () => {
  const service = new KvStore(SILENT_LOGGER);
  // #region sockets
  await using pair = await createGrpcPair(KVDefinition, service, { transport: 'unix', tls: true });
  // #endregion sockets
  await firstValueFrom(pair.client.put({ key: 'a', value }));
});

test('how do I test the program that hosts start', async () => {
  const command: [string, string] = [
    process.execPath,
    fileURLToPath(import.meta.resolve('../../examples/grpc-kv/plugin.js')),
  ];
  // #region check-plugin
  const results = await lastValueFrom(checkPlugin({ command, handshake }).pipe(toArray()));
  const failed = results.filter(({ result }) => result === 'fail');
  assert.deepEqual(failed, []);
  // #endregion check-plugin
  assert.ok(results.length > 20);
});

test('how do I test with fake timers', async () => {
  const store = new KvStore(SILENT_LOGGER);
  const service = {
    put: store.put.bind(store),
    watch: store.watch.bind(store),
    import: store.import.bind(store),
    sync: store.sync.bind(store),
  };
  try {
    // #region fake-timers
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] });
    await using pair = await createGrpcPair(KVDefinition, { ...service, get: () => new Promise<never>(() => {}) });
    const late = firstValueFrom(pair.client.get({ key: 'a' }, { timeoutMs: 60_000 }));
    mock.timers.tick(60_000);
    await assert.rejects(late, /DEADLINE_EXCEEDED/);
    // #endregion fake-timers
  } finally {
    mock.timers.reset();
  }
});

test('how do I test several services on one connection', async () => {
  const service = new KvStore(SILENT_LOGGER);
  // #region connection
  await using connection = await createGrpcConnection((server) => {
    server.addService(KVDefinition, service);
  });
  const kv = createGrpcClient(connection.channel, KVDefinition);
  // #endregion connection
  await firstValueFrom(kv.put({ key: 'a', value }));
});

test('how do I test a plugin set', async () => {
  // #region plugin-pair
  await using pair = await createPluginPair({ kv: plugins.kv }, { kv: KvStore });
  const kv = await pair.dispense('kv');
  await firstValueFrom(kv.put({ key: 'a', value }));

  await pair.host.ping({ timeoutMs: 1000 });
  pair.pluginStdout.write('hello\n');
  const [chunk] = await once(pair.syncStdout, 'data');
  assert.equal(String(chunk), 'hello\n');

  await pair.host.shutdown({ timeoutMs: 1000 });
  await pair.plugin.ended;
  // #endregion plugin-pair
});

test('how do I test my host with a plugin, but without a process', async () => {
  // #region in-process
  const runner = inProcessRunner({ handshake, plugins: { kv: KvStore } });
  await using client = createClient({ runner, handshake, plugins: { kv: plugins.kv }, autoMtls: true });
  await client.start();
  const kv = await client.dispense('kv');
  await firstValueFrom(kv.put({ key: 'a', value }));

  const exit = firstValueFrom(client.exit$);
  await runner.plugins[0]?.exit({ code: 2 });
  assert.deepEqual(await exit, { code: 2, signal: null });
  // #endregion in-process
});

test('how do I test what my host does with a bad plugin', async () => {
  // #region fake
  const runner = fakeRunner(async (plugin) => {
    plugin.writeStderr('cannot read settings.json\n');
    await plugin.exit({ code: 1 });
  });
  const client = createClient({ runner, handshake, plugins });
  await assert.rejects(client.start(), (error) => {
    return PluginError.is(error) && error.code === 'ERR_EXITED_EARLY' && error.details.exitCode === 1;
  });
  // #endregion fake
  assertTempDirEmpty();
});

test('how do I script what a kill does', async () => {
  // #region fake-kill
  const runner = fakeRunner((plugin) => plugin.writeStdout('no handshake\n'), {
    onKill: (plugin) => plugin.exit({ signal: 'SIGKILL' }),
  });
  const client = createClient({ runner, handshake, plugins });
  await assert.rejects(client.start(), { code: 'ERR_HANDSHAKE_UNRECOGNIZED' });
  assert.equal(runner.plugins[0]?.kills, 1);
  // #endregion fake-kill
});

test('how do I test code that reads and writes bytes', async () => {
  // #region connection-pair
  await using pair = await createConnectionPair({ transport: 'tcp' });
  pair.client.write('knock');
  const [bytes] = await once(pair.server, 'data');
  assert.equal(String(bytes), 'knock');
  // #endregion connection-pair
});

test('how do I test operators', () => {
  // #region marbles
  marbles(
    ({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('^ab 9ms c|');
      expectObservable(source.pipe(debounceTime(5))).toBe('7ms b 5ms (c|)');
      expectSubscriptions(source.subscriptions).toBe('^ 12ms !');
    },
    { subscriptions: 'asserted' },
  );
  // #endregion marbles
});
