/** Modules, and what they bind, may be asynchronous on both ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ContainerModule, inject } from 'inversify';
import { firstValueFrom } from 'rxjs';
import { GreeterDefinition, type GreetRequest } from '../../examples/gen/greeter.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { GRPC_PLUGIN_OPTIONS, LOG_SINK } from '../../src/di/index.js';
import { createClient, grpcPlugin, implement, netRpcPlugin, PluginService, type ServiceOf } from '../../src/index.js';
import { gob, method } from '../../src/net-rpc.js';
import { createPluginPair } from '../../src/testing/index.js';

const plugin = fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url));
const PHRASE = Symbol('phrase');
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

@PluginService(GreeterDefinition)
class Greeter implements ServiceOf<typeof GreeterDefinition> {
  constructor(@inject(PHRASE) private readonly phrase: string) {}

  greet({ name }: GreetRequest) {
    return { greeting: `${this.phrase} ${name}` };
  }
}

test('a module of a client may be asynchronous, and so may what it binds', async () => {
  const entries: unknown[] = [];
  const module = new ContainerModule(async ({ bind }) => {
    await turn();
    bind(LOG_SINK).toDynamicValue(async () => {
      await turn();
      return { write: (entry) => void entries.push(entry) };
    });
  });
  await using client = createClient({ command: [process.execPath, plugin], handshake, plugins, modules: [module] });
  await client.start();
  await client.stop();
  assert.notEqual(entries.length, 0);
});

test('a module of a plugin may be asynchronous, and so may what it binds', async () => {
  const module = new ContainerModule(async ({ bind }) => {
    await turn();
    bind(PHRASE).toConstantValue('Hello');
    bind(GRPC_PLUGIN_OPTIONS).toDynamicValue(async () => {
      await turn();
      return {};
    });
  });
  const contracts = { greeter: grpcPlugin(GreeterDefinition) };
  await using pair = await createPluginPair(contracts, { greeter: Greeter }, { modules: [module] });
  const greeter = await pair.dispense('greeter');
  assert.deepEqual(await firstValueFrom(greeter.greet({ name: 'Ada' })), { greeting: 'Hello Ada' });
});

test('a function of `implement` that returns no service is refused, and the message says what it has to return', async () => {
  const expected = /The service of .* is undefined, .*has to return the service, or a Promise of it/;
  const nothing = (async () => {}) as () => never;
  const grpc = { greeter: grpcPlugin(GreeterDefinition) };
  await assert.rejects(createPluginPair(grpc, { greeter: implement(grpc.greeter, nothing) }), expected);
  const netrpc = { greeter: netRpcPlugin({ greet: method(gob.string, gob.string) }) };
  await using pair = await createPluginPair(netrpc, { greeter: implement(netrpc.greeter, nothing) });
  await assert.rejects(pair.dispense('greeter'), expected);
});
