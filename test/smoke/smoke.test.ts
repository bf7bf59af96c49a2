/** The few tests that run on every supported version of Node: import, start, call, stop. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { firstValueFrom, take } from 'rxjs';
import { type ClientOptions, createClient, type HostAssemblyOptions } from 'rxplug';
import * as basic from '../../examples/basic/contract.js';
import * as netRpc from '../../examples/netrpc/contract.js';
import * as streaming from '../../examples/streaming/contract.js';
import { testEnv } from '../fixtures/fixture.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();

const { exports: entries } = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../../package.json', import.meta.url)), 'utf8'),
) as { exports: Record<string, unknown> };

const plugin = (example: string): [file: string, ...args: string[]] => [
  process.execPath,
  fileURLToPath(new URL(`../../examples/${example}/plugin.js`, import.meta.url)),
];

for (const entry of Object.keys(entries)) {
  const name = entry.replace('.', 'rxplug');
  test(`${name} can be imported`, async () => {
    assert.notDeepEqual(Object.keys((await import(name)) as object), []);
  });
}

type Way = Pick<ClientOptions & HostAssemblyOptions, 'autoMtls' | 'grpcBrokerMultiplex' | 'grpcEngine'>;

const ways: Readonly<Record<string, Way>> = {
  'without TLS': {},
  'with AutoMTLS': { autoMtls: true },
  'multiplexed, with AutoMTLS': { autoMtls: true, grpcBrokerMultiplex: true },
  'on the engine grpc-js': { grpcEngine: 'grpc-js' },
};

for (const [name, options] of Object.entries(ways)) {
  test(`a gRPC plugin is started, called and stopped ${name}`, async () => {
    const client = createClient({ command: plugin('basic'), env: testEnv(), ...basic, ...options });
    await client.start();
    const greeter = await client.dispense('greeter');
    assert.deepEqual(await firstValueFrom(greeter.greet({ name: 'Ada' })), { greeting: 'Hello Ada!' });
    await client.stop();
    assert.equal((await firstValueFrom(client.state$)).status, 'exited');
    assertTempDirEmpty();
  });
}

test('requests and responses are streamed', async () => {
  await using client = createClient({ command: plugin('streaming'), env: testEnv(), ...streaming });
  await client.start();
  const ticker = await client.dispense('ticker');
  const prices$ = ticker.prices({ symbols: ['AB'] }).pipe(take(3));
  assert.equal((await firstValueFrom(ticker.mean(prices$))).count, 3);
});

test('a net/rpc plugin is started, called and stopped', async () => {
  const { handshake, plugins } = netRpc;
  const client = createClient({ command: plugin('netrpc'), env: testEnv(), handshake, plugins });
  await client.start();
  const greeter = await client.dispense('greeter');
  assert.equal(typeof (await firstValueFrom(greeter.greet())), 'string');
  await client.stop();
  assert.equal((await firstValueFrom(client.state$)).status, 'exited');
  assertTempDirEmpty();
});
