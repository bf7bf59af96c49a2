import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeClientConstructor } from '@grpc/grpc-js';
import { KVDefinition } from '../../../../examples/gen/kv.js';
import { createGrpcClient, createGrpcServer, type GrpcChannel } from '../../../../src/grpc.js';
import { grpcPlugin, OptionsError, PluginService, unimplemented } from '../../../../src/index.js';
import { createGrpcPair } from '../../../../src/testing/index.js';
import { KV } from '../../../generators/gen/kv_pb.js';

const { get } = KVDefinition.methods;
const serialize = () => Buffer.alloc(0);
const deserialize = () => ({});
const path = '/kv.v1.KV/Get';
const grpcJs = {
  get: {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  },
};
const withGet = (method: unknown) => ({ ...KVDefinition, methods: { ...KVDefinition.methods, get: method } });

/** What was given, and what the message says about it. */
const WRONG: readonly (readonly [string, unknown, RegExp])[] = [
  ['nothing', undefined, /Got undefined\.$/],
  ['null', null, /Got null\.$/],
  ['a name', 'kv.v1.KV', /Got string\.$/],
  ['an empty object', {}, /Got object\.$/],
  ['one side of a contract', { client: () => ({}) }, /Got object\.$/],
  ['a definition of grpc-js', grpcJs, /definition of grpc-js: pass `fromGrpcJs\(definition\)`/],
  ['a client class of grpc-js', makeClientConstructor(grpcJs, 'KV'), /pass `fromGrpcJs\(Client\.service\)`/],
  ['a service of protoc-gen-es 1', { typeName: 'kv.v1.KV', methods: { get: { name: 'Get', kind: 0 } } }, /version 2/],
  [
    'a message type without fromPartial',
    withGet({ ...get, requestType: { ...get.requestType, fromPartial: undefined } }),
    /`requestType` of kv\.v1\.KV\.get has no function `fromPartial`/,
  ],
  [
    'a message type without encode',
    withGet({ ...get, responseType: { ...get.responseType, encode: undefined } }),
    /`responseType` of kv\.v1\.KV\.get has no function `encode`/,
  ],
  ['a method that is none', withGet(undefined), /kv\.v1\.KV\.get/],
];

const DOORS: Readonly<Record<string, (of: never) => unknown>> = {
  grpcPlugin,
  '@PluginService': PluginService,
  unimplemented: (of) => (unimplemented(of), grpcPlugin(of)),
  createGrpcClient: (of) => createGrpcClient({} as GrpcChannel, of),
  addService: (of) => createGrpcServer().addService(of, {} as never),
};

for (const [door, enter] of Object.entries(DOORS)) {
  for (const [what, wrong, hint] of WRONG) {
    test(`${door} refuses ${what} and says what is taken`, () => {
      assert.throws(
        () => enter(wrong as never),
        (error) =>
          error instanceof OptionsError &&
          /^Expected a service definition: .*ts-proto.*protoc-gen-es 2.*fromGrpcJs/.test(error.message) &&
          hint.test(error.message),
      );
    });
  }
}

test('what needs a definition at once refuses one of protobuf-es and says how to get it', async () => {
  for (const door of ['createGrpcClient', 'addService']) {
    assert.throws(() => DOORS[door]?.(KV as never), /pass `await fromProtobufEs\(service\)`/);
  }
  await using pair = await createGrpcPair(KV, unimplemented(KV));
  assert.ok('get' in pair.client);
});
