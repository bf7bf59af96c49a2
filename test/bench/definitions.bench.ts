/** What definitions of each generator cost: the same messages and calls, of ts-proto, of protobuf-es, and of proto-loader for grpc-js. */
import { fileURLToPath } from 'node:url';
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { firstValueFrom, type Observable } from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import { fromGrpcJs, fromProtobufEs } from '../../src/grpc.js';
import { decoderOf } from '../../src/protocols/grpc/message/decode.js';
import { type AnyMessageType, encodeFramed } from '../../src/protocols/grpc/message/encode.js';
import type { MethodDefinition, ServiceDefinition } from '../../src/protocols/grpc/shared/service-definition.js';
import { createGrpcPair } from '../../src/testing/index.js';
import { KV } from '../generators/gen/kv_pb.js';
import { type Contender, compareAll, throughput } from './harness.js';

const file = fileURLToPath(new URL('../../../proto/examples/kv.proto', import.meta.url));
const loaded = loadPackageDefinition(loadSync(file, { oneofs: true, defaults: true }));
const { KV: KVClient } = (loaded['kv'] as GrpcObject)['v1'] as unknown as { KV: ServiceClientConstructor };

const value = Buffer.alloc(100, 'x');
const put = { key: 'planet/mars', value };

/** The definitions, and the same commands as each of them writes a oneof. */
const GENERATORS: Readonly<Record<string, readonly [ServiceDefinition, put: string, sync: string, command: object]>> = {
  'ts-proto': [KVDefinition, 'put', 'sync', { id: 1, command: { $case: 'put', put } }],
  'protobuf-es': [await fromProtobufEs(KV), 'put', 'sync', { id: 1, command: { case: 'put', value: put } }],
  'proto-loader': [fromGrpcJs(KVClient.service), 'Put', 'Sync', { id: 1, put }],
};

const columns: Record<string, Record<string, Contender>> = {};
for (const [title, message] of [
  ['a message of 100 B, encoded and decoded', 'put'],
  ['the same within another', 'sync'],
] as const) {
  const codecs = Object.entries(GENERATORS).map(([name, [{ methods }, putKey, syncKey, command]]) => {
    const method = methods[message === 'put' ? putKey : syncKey]!;
    return [name, codec(method, message === 'put' ? put : command)] as const;
  });
  columns[title] = Object.fromEntries(codecs);
}

const calls: [string, Contender][] = [];
const pairs: AsyncDisposable[] = [];
for (const [name, [definition, key]] of Object.entries(GENERATORS)) {
  const handlers = Object.keys(definition.methods).map((method) => [method, () => ({})]);
  const pair = await createGrpcPair(definition, Object.fromEntries(handlers), { transport: 'unix' });
  pairs.push(pair);
  const call = Reflect.get(pair.client, key) as (request: object) => Observable<unknown>;
  calls.push([name, throughput(64, () => firstValueFrom(call(put)))]);
}
columns['calls of 100 B, both ends in one process, 64 in flight'] = Object.fromEntries(calls);
const title = 'Messages and unary calls by definition';
await compareAll({ title, unit: 'per second', baseline: 'ts-proto', columns });
for (const pair of pairs) await pair[Symbol.asyncDispose]();

function codec({ requestType }: MethodDefinition, message: object): Contender {
  const type = requestType as AnyMessageType;
  const decode = decoderOf(type);
  return async (durationMs) => {
    const begin = performance.now();
    let done = 0;
    while (performance.now() - begin < durationMs) {
      for (let count = 0; count < 500; count++) {
        const bytes = encodeFramed(type, message);
        decode(bytes, 5, bytes.length);
      }
      done += 500;
    }
    return (done * 1000) / (performance.now() - begin);
  };
}
