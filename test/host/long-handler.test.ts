import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { ContainerModule } from 'inversify';
import { filter, firstValueFrom, type Observable } from 'rxjs';
import { plugins as grpcPlugins } from '../../examples/basic/contract.js';
import { NETRPC_CLIENT_PROTOCOL } from '../../src/di/index.js';
import { type ClientOptions, createClient, netRpcPlugin, type PluginClient, type PluginSet } from '../../src/index.js';
import { gob, method, netRpcClientProtocol } from '../../src/net-rpc.js';
import type { YamuxOptions } from '../../src/transports/yamux/options.js';
import { fixture } from '../fixtures/fixture.js';
import { blockLoop } from '../support/block-loop.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
afterEach(assertTempDirEmpty);

const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const netRpcPlugins = { greeter: netRpcPlugin({ greet: method(gob.string, gob.string) }) };
/** Pings that are due, and overdue, while an end computes. */
const FAST: YamuxOptions = { keepAliveIntervalMs: 20, writeTimeoutMs: 100 };
/** A plugin on a busy machine takes a while to answer while it starts. */
const PINGING: YamuxOptions = { ...FAST, keepAlive: true, writeTimeoutMs: 500 };
/** Many times the interval, and more than the timeout and the time that a busy machine takes to answer a ping. */
const COMPUTING_MS = 1500;

type Protocol = 'net/rpc' | 'multiplexed gRPC';

interface Setup {
  readonly host?: YamuxOptions;
  readonly plugin?: YamuxOptions;
}

/** A client of the plugin that computes, and its method. */
async function started(protocol: Protocol, { host = {}, plugin = {} }: Setup) {
  const isGrpc = protocol === 'multiplexed gRPC';
  const netRpc = new ContainerModule(({ bind }) => {
    bind(NETRPC_CLIENT_PROTOCOL).toConstantValue(netRpcClientProtocol({ yamux: host }));
  });
  const client = createClient({
    command: fixture('computes', isGrpc ? 'grpc' : 'netrpc', JSON.stringify(plugin)),
    handshake,
    plugins: isGrpc ? grpcPlugins : netRpcPlugins,
    grpcBrokerMultiplex: isGrpc,
    grpc: { yamux: host },
    modules: [netRpc],
  } as ClientOptions<PluginSet>);
  await client.start();
  const greeter = (await client.dispense('greeter')) as { greet(request: unknown): Observable<unknown> };
  const compute = (ms: number) => greeter.greet(isGrpc ? { name: String(ms) } : String(ms));
  return { client, compute };
}

function reasonOf(client: PluginClient): Promise<string> {
  const end$ = client.state$.pipe(filter(({ status }) => status === 'exited'));
  const reason = firstValueFrom(end$).then((state) => (state.status === 'exited' ? state.reason.kind : state.status));
  return within(60_000, 'the end', reason);
}

for (const protocol of ['net/rpc', 'multiplexed gRPC'] as const) {
  test(`${protocol}: a handler may compute for longer than a ping interval`, async () => {
    const { client, compute } = await started(protocol, { host: FAST });
    await firstValueFrom(compute(COMPUTING_MS));
    await firstValueFrom(compute(0));
    await client.stop();
  });

  test(`${protocol}: a host may compute for longer than a ping interval`, async () => {
    const { client, compute } = await started(protocol, { plugin: FAST });
    blockLoop(COMPUTING_MS);
    await firstValueFrom(compute(0));
    await client.stop();
  });

  test(`${protocol}: a host that is told to ping loses a plugin that computes`, async () => {
    const { client, compute } = await started(protocol, { host: PINGING });
    const failed = assert.rejects(
      firstValueFrom(compute(COMPUTING_MS)),
      /connection ended|did not answer|exited with code 0/,
    );
    const ended = reasonOf(client);
    await failed;
    assert.match(await ended, /crashed|disconnected/);
  });
}

test('multiplexed gRPC: a plugin that is told to ping loses a host that computes', async () => {
  const { client, compute } = await started('multiplexed gRPC', { plugin: PINGING });
  await firstValueFrom(compute(0));
  const ended = reasonOf(client);
  blockLoop(COMPUTING_MS);
  assert.match(await ended, /crashed|disconnected/);
});
