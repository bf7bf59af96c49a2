import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { firstValueFrom, lastValueFrom, type Observable, of } from 'rxjs';
import { KVDefinition } from '../../../../examples/gen/kv.js';
import { OptionsError } from '../../../../src/errors.js';
import { createGrpcClient } from '../../../../src/protocols/grpc/client/client.js';
import { grpcPlugin } from '../../../../src/protocols/grpc/contract.js';
import type { ServiceDefinition } from '../../../../src/protocols/grpc/shared/service-definition.js';
import { createGrpcPair } from '../../../../src/testing/index.js';
import { ENDPOINTS, ENGINES } from '../../../support/engines.js';

const { get, watch } = KVDefinition.methods;
const NAMES = [
  'toString',
  'constructor',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  'toJSON',
  'subscribe',
  'pipe',
  'lift',
  'catch',
  'finally',
  'call',
  'apply',
  'bind',
  'name',
  'length',
  'prototype',
  'arguments',
  'next',
  'return',
  '__defineGetter__',
  '__proto__',
];

/** A service whose methods have these names, one message each way, or a stream of them. */
function definitionOf(names: readonly string[]): ServiceDefinition {
  const methods = names.map((key) => [key, { ...get, name: key[0]!.toUpperCase() + key.slice(1) }] as const);
  const streams = names.map((key) => [`${key}s`, { ...watch, name: `${key}s` }] as const);
  return { name: 'Odd', fullName: 'test.Odd', methods: Object.fromEntries([...methods, ...streams]) };
}

type Calls = Readonly<Record<string, (request: object) => Observable<object>>>;

suite('methods with the names of JavaScript properties', () => {
  const definition = definitionOf(NAMES);
  const handlers = Object.keys(definition.methods).map((key) => [key, () => of({ value: Buffer.from(key), key })]);
  const service = Object.fromEntries(handlers) as Calls;

  for (const engine of ENGINES) {
    test(`every method is called by its name [${engine}]`, async () => {
      await using pair = await createGrpcPair(definition, service as never, { grpcEngine: engine });
      const client = pair.client as unknown as Calls;
      for (const key of NAMES) {
        const { value } = (await firstValueFrom(client[key]!({}))) as { value: Uint8Array };
        assert.equal(Buffer.from(value).toString(), key);
        const last = (await lastValueFrom(client[`${key}s`]!({}))) as { key: string };
        assert.equal(last.key, `${key}s`);
      }
    });

    test(`properties of every object are not taken for handlers [${engine}]`, () => {
      const server = ENDPOINTS[engine].createServer();
      class Service {
        own = (): object => ({});
      }
      for (const key of ['toString', 'constructor', 'valueOf', '__defineGetter__', '__proto__']) {
        const one: ServiceDefinition = { ...definition, methods: Object.fromEntries([[key, get]]) };
        assert.throws(
          () => server.addService(one, new Service() as never),
          (error) => error instanceof OptionsError && error.message.includes(`lacks ${key}`),
          key,
        );
      }
    });
  }

  test('a method with the key `then` is refused, with the way around it: a client with it would be a thenable', async () => {
    const then = definitionOf(['then']);
    const refusal = (error: unknown) =>
      error instanceof OptionsError && /test\.Odd.*`then`.*another key/s.test(error.message);
    assert.throws(() => createGrpcClient({} as never, then), refusal);
    assert.throws(() => grpcPlugin(then), refusal);
    const renamed = { ...then, methods: { call: then.methods['then']!, thens: then.methods['thens']! } };
    const handler = () => of({ value: Buffer.from('v') });
    await using pair = await createGrpcPair(renamed, { call: handler, thens: handler } as never);
    const client = pair.client as unknown as Calls;
    assert.ok(await firstValueFrom(client['call']!({})));
  });
});
