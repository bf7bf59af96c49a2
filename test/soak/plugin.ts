/** The plugin of the soak: every kind of call, each way to end, and its own memory on request. The argument is a gRPC engine. */
import { concatMap, map, NEVER, type Observable, of, reduce } from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import { GrpcError, status } from '../../src/grpc.js';
import { type GrpcEngine, grpcPlugin, implement, type ServiceOf, serve } from '../../src/index.js';
import { memoryAfterGc } from './memory.js';

const service: ServiceOf<typeof KVDefinition> = {
  get: ({ key }) => {
    if (key === 'missing') throw new GrpcError(status.NOT_FOUND, 'no such key');
    if (key === 'memory') return { value: Buffer.from(JSON.stringify(memoryAfterGc())) };
    return key === 'hang' ? (NEVER as Observable<object>) : { value: Buffer.from(key) };
  },
  put: ({ value }) => Promise.resolve({ revision: BigInt(value.length) }),
  watch: () => of({}, {}, {}, {}),
  import: (request$) => request$.pipe(reduce((count) => count + 1, 0)).pipe(map(() => ({}))),
  sync: (request$) => request$.pipe(concatMap(() => of({}))),
};

await serve({
  handshake: { protocolVersion: 1, magicCookieKey: 'RXPLUG_SOAK', magicCookieValue: 'yes' },
  plugins: { kv: implement(grpcPlugin(KVDefinition), service) },
  grpcEngine: process.argv[2] as GrpcEngine,
});
