import assert from 'node:assert/strict';
import { test as nodeTest } from 'node:test';
import { inject } from 'inversify';
import { firstValueFrom, lastValueFrom, NEVER, type Observable, of } from 'rxjs';
import { type GetRequest, KVDefinition, type PutRequest } from '../../../../examples/gen/kv.js';
import { LOGGER } from '../../../../src/di/index.js';
import { status } from '../../../../src/grpc.js';
import {
  dualPlugin,
  grpcPlugin,
  implement,
  type Logger,
  netRpcPlugin,
  PluginService,
  type ServedPlugins,
  unimplemented,
} from '../../../../src/index.js';
import { gob, method } from '../../../../src/net-rpc.js';
import { createGrpcPair, createPluginPair } from '../../../../src/testing/index.js';
import { currentEngine, test } from '../../../support/engines.js';
import { rejection } from '../../../support/rejection.js';

/** What a newer .proto would generate: one method more, of every kind. */
const NewerDefinition = {
  ...KVDefinition,
  methods: {
    ...KVDefinition.methods,
    touch: { ...KVDefinition.methods.get, name: 'Touch' },
    list: { ...KVDefinition.methods.watch, name: 'List' },
    upload: { ...KVDefinition.methods.import, name: 'Upload' },
    chat: { ...KVDefinition.methods.sync, name: 'Chat' },
  },
} as const;
const plugins = { kv: grpcPlugin(NewerDefinition) };
const get = ({ key }: GetRequest) => ({ value: Buffer.from(key) });

class Kv extends unimplemented(NewerDefinition) {
  readonly #revision = 7n;

  get(request: GetRequest) {
    return get(request);
  }

  put(_request: PutRequest) {
    return { revision: this.#revision };
  }
}

@PluginService(NewerDefinition)
class InjectedKv extends unimplemented(NewerDefinition) {
  constructor(@inject(LOGGER) private readonly log: Logger) {
    super();
  }

  get(request: GetRequest) {
    this.log.info('get');
    return get(request);
  }
}

@PluginService(plugins.kv)
class MarkedKv extends Kv {}

const WAYS: Readonly<Record<string, ServedPlugins[string]>> = {
  'an object with spread handlers': implement(plugins.kv, { ...unimplemented(NewerDefinition), get }),
  'an object of a class': implement(plugins.kv, new Kv()),
  'a function that makes one': implement(plugins.kv, () => new Kv()),
  'a function that makes one in time': implement(plugins.kv, async () => new Kv()),
  'a class that is injected': InjectedKv,
  'a class that is marked with a contract': MarkedKv,
};

for (const [way, service] of Object.entries(WAYS)) {
  test(`${way} may leave methods out, which answer UNIMPLEMENTED by their names`, async () => {
    await using pair = await createPluginPair(plugins, { kv: service }, { grpcEngine: currentEngine });
    const kv = await pair.dispense('kv');
    assert.equal(String((await firstValueFrom(kv.get({ key: 'a' }))).value), 'a');
    const calls: Readonly<Record<string, Observable<unknown>>> = {
      Touch: kv.touch({}),
      List: kv.list({}),
      Upload: kv.upload(NEVER),
      Chat: kv.chat(of({})),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await rejection(lastValueFrom(call));
      assert.equal(error.status, status.UNIMPLEMENTED);
      assert.equal(error.detail, `The plugin does not implement /kv.v1.KV/${name}.`);
    }
  });
}

test('objects of such a class are served by pairs, servers and brokers', async () => {
  await using pair = await createGrpcPair(NewerDefinition, new Kv(), { grpcEngine: currentEngine });
  assert.equal((await firstValueFrom(pair.client.put({}))).revision, 7n);
  await using contract = await createGrpcPair(plugins.kv, new Kv(), { grpcEngine: currentEngine });
  assert.equal((await rejection(contract.client.touch({}))).status, status.UNIMPLEMENTED);
});

nodeTest('the gRPC side of a dual contract may leave methods out', async () => {
  const both = dualPlugin({ grpc: plugins.kv, netrpc: netRpcPlugin({ get: method(gob.string, gob.string) }) });
  const served = implement(both, { grpc: new Kv(), netrpc: { get: String } });
  await using pair = await createPluginPair({ both }, { both: served }, { protocol: 'grpc' });
  const spoken = await pair.dispense('both');
  assert.equal(spoken.protocol, 'grpc');
  if (spoken.protocol === 'grpc') {
    assert.equal((await rejection(spoken.client.touch({}))).status, status.UNIMPLEMENTED);
  }
});

nodeTest('a method may have the name of what every class has', async () => {
  const names = ['name', 'length', 'caller', 'toString', 'hasOwnProperty', '__proto__'];
  const methods = names.map((key) => [key, { ...KVDefinition.methods.get, name: `R${key}` }] as const);
  const odd = { ...KVDefinition, methods: Object.fromEntries(methods) };
  const Base: new () => object = unimplemented(odd);
  const extended = new (class extends Base {})();
  for (const service of [{ ...unimplemented(odd) }, extended]) {
    await using pair = await createGrpcPair(odd, service as never);
    const client = pair.client as Readonly<Record<string, (request: object) => Observable<unknown>>>;
    for (const key of names) assert.equal((await rejection(client[key]!({}))).detail.includes(`/R${key}.`), true);
  }
});
