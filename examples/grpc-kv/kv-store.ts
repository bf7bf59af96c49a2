import { inject } from 'inversify';
import { filter, from, map, mergeWith, type Observable, reduce, Subject } from 'rxjs';
import { type Logger, PluginService, type ServiceOf } from 'rxplug';
import { LOGGER } from 'rxplug/di';
import { GrpcError, Metadata, status } from 'rxplug/grpc';
import {
  type Change,
  type GetRequest,
  KVDefinition,
  type PutRequest,
  type SyncRequest,
  type WatchRequest,
} from '../gen/kv.js';

interface Entry {
  readonly value: Uint8Array;
  readonly revision: bigint;
}

/** A key-value store in memory. */
@PluginService(KVDefinition)
export class KvStore implements ServiceOf<typeof KVDefinition> {
  readonly #entries = new Map<string, Entry>();
  readonly #changes = new Subject<Change>();

  constructor(@inject(LOGGER) private readonly log: Logger) {}

  get({ key }: GetRequest) {
    const entry = this.#entries.get(key);
    if (entry === undefined) throw missing(key);
    return entry;
  }

  put({ key, value }: PutRequest) {
    if (key === '') throw new GrpcError(status.INVALID_ARGUMENT, 'the key is empty');
    const revision = (this.#entries.get(key)?.revision ?? 0n) + 1n;
    this.#entries.set(key, { value, revision });
    this.#changes.next({ key, value, revision });
    this.log.info('stored', { key, bytes: value.byteLength, revision: Number(revision) });
    return { revision };
  }

  watch({ prefix, existing }: WatchRequest): Observable<Change> {
    const present = existing ? [...this.#entries].map(([key, entry]) => ({ key, ...entry })) : [];
    present.sort((a, b) => (a.key < b.key ? -1 : 1));
    return from(present).pipe(
      mergeWith(this.#changes),
      filter((change) => change.key.startsWith(prefix)),
    );
  }

  import(request$: Observable<PutRequest>) {
    return request$.pipe(
      map((request) => ({ put: this.put(request), bytes: request.value.byteLength })),
      reduce((sum, { bytes }) => ({ entries: sum.entries + 1, bytes: sum.bytes + BigInt(bytes) }), {
        entries: 0,
        bytes: 0n,
      }),
    );
  }

  sync(request$: Observable<SyncRequest>) {
    return request$.pipe(map((request) => ({ id: request.id, outcome: this.#outcomeOf(request) })));
  }

  #delete(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) throw missing(key);
    this.#entries.delete(key);
    this.#changes.next({ key, value: undefined, revision: entry.revision });
    return true;
  }

  #outcomeOf({ command }: SyncRequest) {
    try {
      switch (command?.$case) {
        case 'get':
          return { $case: 'get', get: this.get(command.get) } as const;
        case 'put':
          return { $case: 'put', put: this.put(command.put) } as const;
        case 'delete':
          return { $case: 'deleted', deleted: this.#delete(command.delete) } as const;
        default:
          throw new GrpcError(status.INVALID_ARGUMENT, 'a command is missing');
      }
    } catch (error) {
      if (!(error instanceof GrpcError)) throw error;
      return { $case: 'failure', failure: { code: error.status, message: error.detail } } as const;
    }
  }
}

/** The metadata of a GrpcError is sent as trailers. */
function missing(key: string): GrpcError {
  const metadata = new Metadata();
  metadata.set('kv-key', key);
  return new GrpcError(status.NOT_FOUND, `there is no entry for the key "${key}"`, { metadata });
}
