import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { ContainerModule } from 'inversify';
import { filter, firstValueFrom, lastValueFrom, type Observable, retry, take, toArray } from 'rxjs';
import { plugins as kvPlugins } from '../../examples/grpc-kv/contract.js';
import { NETRPC_CLIENT_PROTOCOL } from '../../src/di/index.js';
import {
  type ClientOptions,
  createClient,
  launch,
  netRpcPlugin,
  PluginError,
  type PluginSet,
  type PluginState,
} from '../../src/index.js';
import { gob, method, netRpcClientProtocol } from '../../src/net-rpc.js';
import { fixture } from '../fixtures/fixture.js';
import { watchResources } from '../support/active-resources.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { awaitGone, isAlive } from '../support/process-alive.js';
import { Relay } from '../support/relay.js';

const assertTempDirEmpty = ownTempDir();
const assertNothingActive = watchResources();
afterEach(async () => {
  assertTempDirEmpty();
  await assertNothingActive();
});

const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const waiterPlugins = {
  waiter: netRpcPlugin({ echo: method(gob.string, gob.string), wait: method(gob.empty, gob.empty) }),
};
const KILLED = { code: null, signal: 'SIGKILL' };
const posix = { skip: process.platform === 'win32' ? 'no process can be stopped here' : false };
const bounded = <T>(what: string, promise: Promise<T>): Promise<T> => within(60_000, what, promise);
const hasCode = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;
type Client = ReturnType<typeof clientOf>;

function clientOf(options: object) {
  return createClient({ handshake, ...options } as ClientOptions<PluginSet>);
}

async function endOf(client: Client): Promise<Extract<PluginState, { status: 'exited' }>> {
  const end$ = client.state$.pipe(filter(({ status }) => status === 'exited'));
  return (await bounded('the end', firstValueFrom(end$))) as Extract<PluginState, { status: 'exited' }>;
}

/** It has ended because it cannot be reached, and says so. */
async function assertDisconnected(client: Client): Promise<void> {
  const { reason, exit } = await endOf(client);
  assert.ok(reason.kind === 'disconnected', `${reason.kind}: ${JSON.stringify(exit)}`);
  assert.equal(reason.error.code, 'ERR_CONNECTION_LOST');
  assert.ok(PluginError.is(reason.error.cause));
  assert.deepEqual(exit, KILLED);
  await awaitGone(Number(client.id));
  await assert.rejects(client.ping(), hasCode('ERR_CONNECTION_LOST'));
}

/** Plugins that can be connected to once. Those that multiplex end with their connection by themselves, unless they are stopped. */
const SINGLE = {
  'net/rpc': { name: 'serves-netrpc', plugins: waiterPlugins },
  'net/rpc under TLS': { name: 'serves-netrpc', plugins: waiterPlugins, autoMtls: true },
  'multiplexed gRPC': { name: 'serves', plugins: kvPlugins, grpcBrokerMultiplex: true },
  'multiplexed gRPC under TLS': { name: 'serves', plugins: kvPlugins, grpcBrokerMultiplex: true, autoMtls: true },
} as const;

for (const [protocol, { name, ...options }] of Object.entries(SINGLE)) {
  test(`${protocol}: a plugin whose connection is lost has ended, and is killed`, posix, async () => {
    await using relay = new Relay();
    const client = clientOf({ ...options, runner: relay.runner(fixture(name)) });
    const logs = lastValueFrom(client.logs$.pipe(toArray()));
    await client.start();
    await client.ping();
    process.kill(Number(client.id), 'SIGSTOP');
    relay.cut();
    await assertDisconnected(client);
    assert.ok(
      (await logs).some(({ level, message }) => level === 'error' && message.includes('can be reached no more')),
    );
  });

  test(`${protocol}: launch fails when the connection is lost, and retry restarts`, posix, async () => {
    await using relay = new Relay();
    const runner = relay.runner(fixture(name));
    const ids: string[] = [];
    const launched$ = launch({ handshake, ...options, runner } as unknown as ClientOptions<PluginSet>);
    const errors: unknown[] = [];
    const delay = (error: unknown) => {
      errors.push(error);
      return Promise.resolve();
    };
    const clients$ = launched$.pipe(retry({ count: 1, delay }), take(2));
    await bounded(
      'the restart',
      clients$.forEach((client) => {
        ids.push(client.id);
        if (ids.length > 1) return;
        process.kill(Number(client.id), 'SIGSTOP');
        relay.cut();
      }),
    );
    assert.equal(errors.length, 1);
    assert.ok(hasCode('ERR_CONNECTION_LOST')(errors[0]));
    assert.notEqual(ids[0], ids[1]);
    for (const id of ids) await awaitGone(Number(id));
  });
}

test('a plugin that answers no yamux ping, because it is stopped, has ended', posix, async () => {
  const yamux = { keepAlive: true, keepAliveIntervalMs: 20, writeTimeoutMs: 500 };
  const modules = [
    new ContainerModule(({ bind }) => {
      bind(NETRPC_CLIENT_PROTOCOL).toConstantValue(netRpcClientProtocol({ yamux }));
    }),
  ];
  const client = clientOf({ plugins: waiterPlugins, command: fixture('serves-netrpc'), modules });
  await client.start();
  process.kill(Number(client.id), 'SIGSTOP');
  await assertDisconnected(client);
});

test('a plugin that multiplexes, answers no ping and then exits: the ping is told, and the exit after it', async () => {
  const grpc = { yamux: { keepAlive: true, keepAliveIntervalMs: 20, writeTimeoutMs: 300 } };
  const client = clientOf({
    name: 'busy',
    plugins: kvPlugins,
    command: fixture('blocks-in-a-call'),
    grpcBrokerMultiplex: true,
    grpc,
  });
  const logs = lastValueFrom(client.logs$.pipe(toArray()));
  await client.start();
  const kv = (await client.dispense('kv')) as { readonly get: (request: object) => Observable<unknown> };
  const failed = lastValueFrom(kv.get({ key: '1500' })).catch((error: unknown) => error);
  const { reason, exit } = await endOf(client);
  assert.ok(reason.kind === 'disconnected', reason.kind);
  const message =
    "The plugin can be reached no more, though its process lived: The peer did not answer the yamux session's keepalive ping within 300 ms: " +
    'it is stopped, blocked or gone. Without its connection it exited with code 0. Start it again, for instance with `retry` on `launch`.';
  assert.equal(reason.error.message, message);
  assert.deepEqual([reason.error.details.exitCode, exit], [0, { code: 0, signal: null }]);
  const error = await failed;
  assert.ok(PluginError.is(error));
  assert.match(error.message, /^busy: \/kv\.v1\.KV\/Get UNAVAILABLE: .*keepalive ping within 300 ms/);
  assert.ok((await logs).some(({ level, message: line }) => level === 'error' && line === message));
});

test('a call over net/rpc that is in flight when the connection is lost fails', async () => {
  await using relay = new Relay();
  const client = createClient({ handshake, plugins: waiterPlugins, runner: relay.runner(fixture('serves-netrpc')) });
  await client.start();
  const { wait, echo } = await client.dispense('waiter');
  const waiting = assert.rejects(firstValueFrom(wait({})), hasCode('ERR_CONNECTION_LOST'));
  assert.equal(await firstValueFrom(echo('over')), 'over');
  relay.cut();
  await bounded('the failure', waiting);
  await assertDisconnected(client as unknown as Client);
});

test('a plugin that exits soon after its connection was lost has crashed', async () => {
  await using relay = new Relay();
  const client = clientOf({ plugins: waiterPlugins, runner: relay.runner(fixture('serves-netrpc')) });
  await client.start();
  relay.cut();
  process.kill(Number(client.id), 'SIGTERM');
  const { reason, exit } = await endOf(client);
  assert.deepEqual([reason.kind, exit], ['crashed', { code: 0, signal: null }]);
});

test('a gRPC plugin whose connection is lost is connected to again at once, without a call', async () => {
  await using relay = new Relay();
  const client = clientOf({ plugins: kvPlugins, runner: relay.runner(fixture('serves')) });
  await client.start();
  const again = relay.next();
  relay.cut();
  await bounded('the next connection', again);
  await client.ping();
  assert.equal(relay.connections, 2);
  await client.stop();
  assert.deepEqual((await endOf(client)).exit, { code: 0, signal: null });
});

test('a gRPC plugin that cannot be connected to again has ended, and is killed', async () => {
  await using relay = new Relay();
  const runner = relay.runner(fixture('serves'));
  const client = clientOf({ plugins: kvPlugins, runner, grpc: { reconnectTimeoutMs: 200 } });
  await client.start();
  await relay.close();
  await assertDisconnected(client);
});

test('a reattached client that cannot connect again has ended, and its plugin lives on', async () => {
  const first = clientOf({ plugins: kvPlugins, command: fixture('serves') });
  await first.start();
  await using relay = new Relay();
  const config = await first.reattachConfig();
  const reattach = { ...config, ...(await relay.open(config)) };
  const second = clientOf({ plugins: kvPlugins, reattach, grpc: { reconnectTimeoutMs: 200 } });
  await second.start();
  await relay.close();
  const { reason } = await endOf(second);
  assert.ok(reason.kind === 'disconnected');
  assert.match(reason.error.message, /left as it is/);
  assert.ok(isAlive(Number(first.id)));
  await first.ping();
  await first.stop();
});
