import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { status as Status } from '@grpc/grpc-js';
import { concatMap, firstValueFrom, from, lastValueFrom, map, NEVER, type Observable, of, reduce, take } from 'rxjs';
import { KVDefinition } from '../../../examples/gen/kv.js';
import { GrpcChannel } from '../../../src/protocols/grpc/channel.js';
import { createGrpcClient } from '../../../src/protocols/grpc/client.js';
import { GrpcError } from '../../../src/protocols/grpc/errors.js';
import { createGrpcServer } from '../../../src/protocols/grpc/server.js';
import type { ClientOf, ServiceOf } from '../../../src/protocols/grpc/service-definition.js';
import { netDialer } from '../../support/dialers.js';
import { serveOnUnixSocket } from '../../support/grpc-peer.js';

type KV = ClientOf<typeof KVDefinition>;

const CALLS = 200_000;
const IN_FLIGHT = 64;
/** What the heap may grow by between the first fifth of the calls and the last; one kept call in a hundred would exceed it. */
const ALLOWED_BYTES = 4 << 20;

const service: ServiceOf<typeof KVDefinition> = {
  get: ({ key }) => {
    if (key === 'missing') throw new GrpcError(Status.NOT_FOUND, 'no such key');
    return key === 'hang' ? (NEVER as Observable<object>) : { value: Buffer.from(key) };
  },
  put: ({ value }) => Promise.resolve({ revision: BigInt(value.length) }),
  watch: () => of({}, {}, {}, {}),
  import: (request$) => request$.pipe(reduce((count) => count + 1, 0)).pipe(map(() => ({}))),
  sync: (request$) => request$.pipe(concatMap(() => of({}))),
};

async function fails(call: Observable<unknown>, code: number): Promise<void> {
  await assert.rejects(firstValueFrom(call), (error) => GrpcError.is(error) && error.status === code);
}

/** One call of each kind that there is, and each way in which calls end. */
const KINDS: readonly ((kv: KV, turn: number) => Promise<unknown>)[] = [
  (kv, turn) => firstValueFrom(kv.get({ key: `key ${turn}` })),
  (kv) => firstValueFrom(kv.put({ key: 'k', value: Buffer.alloc(100) })),
  (kv) => firstValueFrom(kv.put({ key: 'k', value: Buffer.alloc(40_000) })),
  (kv) => fails(kv.get({ key: 'missing' }), Status.NOT_FOUND),
  (kv) => lastValueFrom(kv.watch({})),
  (kv) => lastValueFrom(kv.watch({}).pipe(take(1))),
  (kv) => lastValueFrom(kv.import(from([{}, {}, {}]))),
  (kv) => lastValueFrom(kv.sync(from([{}, {}]))),
  (kv) => {
    kv.get({ key: 'hang' }).subscribe().unsubscribe();
    return Promise.resolve();
  },
  async (kv) => {
    const call = kv.get({ key: 'hang' }).subscribe();
    await new Promise((resolve) => setImmediate(resolve));
    call.unsubscribe();
  },
  (kv, turn) =>
    turn % 50 === 9 ? fails(kv.get({ key: 'hang' }, { timeoutMs: 1 }), Status.DEADLINE_EXCEEDED) : Promise.resolve(),
];

async function run(kv: KV, calls: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let turn = next++; turn < calls; turn = next++) await KINDS[turn % KINDS.length]!(kv, turn);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

function heapAfterGc(): number {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test(`${CALLS} calls of every kind, well, failed, cancelled and late, leave nothing behind`, async () => {
  const server = createGrpcServer();
  server.addService(KVDefinition, service);
  await using socket = await serveOnUnixSocket(server);
  await using channel = new GrpcChannel({ dialer: netDialer(socket.path) });
  const kv = createGrpcClient(channel, KVDefinition);
  await run(kv, CALLS / 5);
  const before = heapAfterGc();
  await run(kv, (CALLS * 4) / 5);
  const grown = heapAfterGc() - before;
  assert.ok(grown < ALLOWED_BYTES, `the heap has grown by ${grown} bytes`);
});
