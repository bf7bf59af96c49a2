import { map, reduce, tap } from 'rxjs';
import type { ServiceOf } from 'rxplug';
import { GrpcError, status } from 'rxplug/grpc';
import type { KVDefinition, PutRequest, SyncRequest, SyncResponse } from '../../../examples/gen/kv.js';
import type { Store } from './store.js';

type Outcome = NonNullable<SyncResponse['outcome']>;

/** kv.v1.KV over a store. */
export function kvService(store: Store): ServiceOf<typeof KVDefinition> {
  const put = ({ key, value }: PutRequest) => {
    if (key === '') throw new GrpcError(status.INVALID_ARGUMENT, 'the key is empty');
    return { revision: store.put(key, value) };
  };
  return {
    get: ({ key }, call) => {
      const entry = store.get(key);
      if (entry?.value === undefined) {
        call.trailers.set('kv-key', key);
        throw noSuchKey(key);
      }
      return { value: entry.value, revision: entry.revision };
    },
    put,
    watch: ({ prefix, existing }) => store.watch(prefix, existing),
    import: (request$) =>
      request$.pipe(
        tap(put),
        reduce((sum, { value }) => ({ entries: sum.entries + 1, bytes: sum.bytes + BigInt(value.length) }), {
          entries: 0,
          bytes: 0n,
        }),
      ),
    sync: (request$) => request$.pipe(map((request) => ({ id: request.id, outcome: execute(store, put, request) }))),
  };
}

function execute(store: Store, put: (request: PutRequest) => { revision: bigint }, request: SyncRequest): Outcome {
  try {
    switch (request.command?.$case) {
      case 'get': {
        const { key } = request.command.get;
        const entry = store.get(key);
        if (entry?.value === undefined) throw noSuchKey(key);
        return { $case: 'get', get: { value: entry.value, revision: entry.revision } };
      }
      case 'put':
        return { $case: 'put', put: put(request.command.put) };
      case 'delete':
        if (!store.delete(request.command.delete)) throw noSuchKey(request.command.delete);
        return { $case: 'deleted', deleted: true };
      case undefined:
        throw new GrpcError(status.INVALID_ARGUMENT, 'no command');
    }
  } catch (error) {
    if (!GrpcError.is(error)) throw error;
    return { $case: 'failure', failure: { code: error.status, message: error.detail } };
  }
}

function noSuchKey(key: string): GrpcError {
  return new GrpcError(status.NOT_FOUND, `no such key: ${key}`);
}
