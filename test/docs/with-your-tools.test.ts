import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { grpcPlugin, implement, netRpcPlugin } from 'rxplug';
import type { MessageType } from 'rxplug/grpc';
import { gob, method } from 'rxplug/net-rpc';
import { createPluginPair } from 'rxplug/testing';
import { ownTempDir } from '../support/own-temp-dir.js';

ownTempDir();

test('without a .proto: net/rpc', async () => {
  // #region net-rpc
  const plugins = { greeter: netRpcPlugin({ greet: method(gob.string, gob.string) }) };
  const greeter = implement(plugins.greeter, { greet: (name) => `Hello ${name}!` });
  // #endregion net-rpc
  await using pair = await createPluginPair(plugins, { greeter });
  assert.equal(await firstValueFrom((await pair.dispense('greeter')).greet('Ada')), 'Hello Ada!');
});

test('without a .proto: gRPC with messages of JSON', async () => {
  // #region json
  const json = <T>(): MessageType<T, T> => ({
    encode: (message) => ({ finish: () => Buffer.from(JSON.stringify(message)) }),
    decode: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as T,
    fromPartial: (message) => message,
  });
  const Counter = {
    name: 'Counter',
    fullName: 'acme.Counter',
    methods: {
      count: {
        name: 'Count',
        requestType: json<{ to: number }>(),
        requestStream: false,
        responseType: json<{ value: number }>(),
        responseStream: true,
      },
    },
  } as const;
  const plugins = { counter: grpcPlugin(Counter) };
  const counter = implement(plugins.counter, {
    async *count({ to }) {
      for (let value = 1; value <= to; value++) yield { value };
    },
  });
  // #endregion json
  await using pair = await createPluginPair(plugins, { counter });
  const values = await lastValueFrom((await pair.dispense('counter')).count({ to: 3 }).pipe(toArray()));
  assert.deepEqual(values, [{ value: 1 }, { value: 2 }, { value: 3 }]);
});
