import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Container, ContainerModule } from 'inversify';
import { EMPTY, firstValueFrom } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { GRPC_ENGINE, HOST_NETWORK, type HostParts, pluginHostModule, pluginToken } from '../../src/di/index.js';
import { grpcClientProtocol, grpcServerProtocol, Metadata } from '../../src/grpc.js';
import { createClient, type GrpcEngine, type ServiceOf } from '../../src/index.js';
import { HealthDefinition } from '../../src/protocols/grpc/gen/grpc/health/v1/health.js';
import { createGrpcPair } from '../../src/testing/index.js';
import { dialerTo } from '../../src/transports/sockets/dial.js';
import { fixture } from '../fixtures/fixture.js';
import { type SettingsTap, tapSettings } from '../support/settings-tap.js';

const ENGINES: readonly GrpcEngine[] = ['native', 'grpc-js'];
const USER_AGENT: Readonly<Record<GrpcEngine, RegExp>> = {
  native: /^grpc-node-rxplug$/,
  'grpc-js': /^grpc-node-js\/\d+\.\d+\.\d+$/,
};
const cookie = { ...handshake, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const bytes = (text: string) => new TextEncoder().encode(text);

/** A module that listens to the main connection. */
function listening(): { readonly module: ContainerModule; readonly tap: () => SettingsTap } {
  let tap: SettingsTap | undefined;
  const network: HostParts['createNetwork'] = (translator) => ({
    pluginToHost: (address) => translator.pluginToHost(address),
    hostToPlugin: (address) => translator.hostToPlugin(address),
    listen: () => Promise.reject(new Error('not needed')),
    dialerTo: (address) => {
      tap = tapSettings(dialerTo(address));
      return tap.dialer;
    },
  });
  const module = new ContainerModule(({ bind }) => void bind(HOST_NETWORK).toConstantValue(network));
  return { module, tap: () => tap ?? assert.fail('nothing was dialed') };
}

const binding = (engine: GrpcEngine) =>
  new ContainerModule(({ bind }) => void bind(GRPC_ENGINE).toConstantValue(engine));

for (const engine of ENGINES) {
  const other = ENGINES.find((name) => name !== engine)!;

  test(`\`grpcEngine\` chooses the engine of each end: a host on ${engine}, a plugin on ${other}`, async () => {
    const { module, tap } = listening();
    const command = fixture('serves', JSON.stringify({ grpcEngine: other }));
    await using client = createClient({ command, handshake: cookie, plugins, grpcEngine: engine, modules: [module] });
    await client.start();
    const kv = await client.dispense('kv');
    await firstValueFrom(kv.put({ key: 'k', value: bytes('v') }));
    assert.deepEqual(tap().engines(), { client: engine, server: other });
    assert.match(tap().userAgent() ?? '', USER_AGENT[engine]);
  });

  test(`a user's module that binds GRPC_ENGINE does the same at both ends: ${engine}`, async () => {
    const { module, tap } = listening();
    const command = fixture('serves', JSON.stringify({ boundEngine: engine }));
    const modules = [module, binding(engine)];
    await using client = createClient({ command, handshake: cookie, plugins, modules });
    await client.start();
    const kv = await client.dispense('kv');
    await firstValueFrom(kv.put({ key: 'k', value: bytes('v') }));
    assert.deepEqual(tap().engines(), { client: engine, server: engine });
  });

  test(`a process of an application has its own engine, before the container's: ${engine}`, async () => {
    const { module, tap } = listening();
    const command = fixture('serves', JSON.stringify({ grpcEngine: other }));
    const container = new Container();
    container.load(
      module,
      binding(other),
      pluginHostModule({ kv: { command, handshake: cookie, plugins, grpcEngine: engine } }),
    );
    await container.getAsync(pluginToken('kv'));
    await container.unbindAllAsync();
    assert.deepEqual(tap().engines(), { client: engine, server: other });
  });

  test(`a pair for tests runs on either: ${engine}`, async () => {
    let seen: readonly unknown[] = [];
    const service: ServiceOf<typeof HealthDefinition> = {
      check: (_request, { metadata }) => {
        seen = metadata.get('k');
        return {};
      },
      list: () => ({ statuses: {} }),
      watch: () => EMPTY,
    };
    await using pair = await createGrpcPair(HealthDefinition, service, { grpcEngine: engine });
    const metadata = new Metadata();
    for (const value of ['1', '2']) metadata.add('k', value);
    await firstValueFrom(pair.client.check({}, { metadata }));
    // node:http2 joins what came in several headers.
    assert.deepEqual(seen, engine === 'native' ? ['1', '2'] : ['1, 2']);
  });
}

test('an unknown engine is refused by name', () => {
  const wrong = 'http3' as GrpcEngine;
  const refusal = { code: 'ERR_OPTIONS', message: /'native' or 'grpc-js', got `http3`/ };
  const command = fixture('serves');
  assert.throws(() => createClient({ command, handshake: cookie, plugins, grpcEngine: wrong }), refusal);
  assert.throws(() => grpcClientProtocol({}, wrong), refusal);
  assert.throws(() => grpcServerProtocol({}, wrong), refusal);
});
