/**
 * Messages and calls with definitions of one generator: `node definition.js ts-proto|protobuf-es|proto-loader`. Answers the orders `put 0 0 MS`
 * and `sync 0 0 MS`, which encode and decode a message of the method, and `calls IN_FLIGHT 0 MS`, both of whose ends are in this process.
 */
import { fileURLToPath } from 'node:url';
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { firstValueFrom, type Observable } from 'rxjs';
import { KVDefinition } from '../../../examples/gen/kv.js';
import { fromGrpcJs, fromProtobufEs } from '../../../src/grpc.js';
import { decoderOf } from '../../../src/protocols/grpc/message/decode.js';
import { type AnyMessageType, encodeFramed } from '../../../src/protocols/grpc/message/encode.js';
import type { MethodDefinition, ServiceDefinition } from '../../../src/protocols/grpc/shared/service-definition.js';
import { createGrpcPair } from '../../../src/testing/index.js';
import { KV } from '../../generators/gen/kv_pb.js';
import { answerWork, type Done, repeat } from './work.js';

const put = { key: 'planet/mars', value: Buffer.alloc(100, 'x') };

/** A definition, its names of the two methods, and the same command as its generator writes a oneof. */
type Generated = readonly [ServiceDefinition, put: string, sync: string, command: object];

function ofProtoLoader(): ServiceDefinition {
  const file = fileURLToPath(new URL('../../../../proto/examples/kv.proto', import.meta.url));
  const loaded = loadPackageDefinition(loadSync(file, { oneofs: true, defaults: true }));
  const { KV: KVClient } = (loaded['kv'] as GrpcObject)['v1'] as unknown as { KV: ServiceClientConstructor };
  return fromGrpcJs(KVClient.service);
}

const GENERATORS: Readonly<Record<string, () => Generated | Promise<Generated>>> = {
  'ts-proto': () => [KVDefinition, 'put', 'sync', { id: 1, command: { $case: 'put', put } }],
  'protobuf-es': async () => [await fromProtobufEs(KV), 'put', 'sync', { id: 1, command: { case: 'put', value: put } }],
  'proto-loader': () => [ofProtoLoader(), 'Put', 'Sync', { id: 1, put }],
};

const [definition, putKey, syncKey, command] = await GENERATORS[process.argv[2]!]!();

function codec({ requestType }: MethodDefinition, message: object) {
  const type = requestType as AnyMessageType;
  const decode = decoderOf(type);
  return async (_first: number, _second: number, durationMs: number): Promise<Done> => {
    const end = performance.now() + durationMs;
    let done = 0;
    while (performance.now() < end) {
      for (let count = 0; count < 500; count++) {
        const bytes = encodeFramed(type, message);
        decode(bytes, 5, bytes.length);
      }
      done += 500;
    }
    return { done };
  };
}

const handlers = Object.keys(definition.methods).map((method) => [method, () => ({})]);
const pair = await createGrpcPair(definition, Object.fromEntries(handlers), { transport: 'unix' });
const call = Reflect.get(pair.client, putKey) as (request: object) => Observable<unknown>;
await answerWork(
  {
    put: codec(definition.methods[putKey]!, put),
    sync: codec(definition.methods[syncKey]!, command),
    calls: (inFlight, _, durationMs) => repeat(inFlight, durationMs, () => firstValueFrom(call(put))),
  },
  async () => pair[Symbol.asyncDispose](),
);
