import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { firstValueFrom, from, lastValueFrom, type Observable, take } from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import { GrpcError, status } from '../../src/grpc.js';
import { type ClientOf, createClient, type GrpcEngine, grpcPlugin } from '../../src/index.js';
import { type Memory, memoryAfterGc } from './memory.js';

type KV = ClientOf<typeof KVDefinition>;

const IN_FLIGHT = 64;
const WARM_UP = 5;

async function fails(call: Observable<unknown>, code: number): Promise<void> {
  await assert.rejects(firstValueFrom(call), (error) => GrpcError.is(error) && error.status === code);
}

type Work = (kv: KV, turn: number) => Promise<unknown>;

/** One call of each kind that there is, ended by the plugin. */
const ENDED: readonly Work[] = [
  (kv, turn) => firstValueFrom(kv.get({ key: `key ${turn}` })),
  (kv) => firstValueFrom(kv.put({ key: 'k', value: Buffer.alloc(100) })),
  (kv) => firstValueFrom(kv.put({ key: 'k', value: Buffer.alloc(40_000) })),
  (kv) => fails(kv.get({ key: 'missing' }), status.NOT_FOUND),
  (kv) => lastValueFrom(kv.watch({})),
  (kv) => lastValueFrom(kv.import(from([{}, {}, {}]))),
  (kv) => lastValueFrom(kv.sync(from([{}, {}]))),
];

/** Each way in which the host ends a call. */
const CUT: readonly Work[] = [
  (kv) => lastValueFrom(kv.watch({}).pipe(take(1))),
  (kv) => {
    kv.get({ key: 'hang' }).subscribe().unsubscribe();
    return Promise.resolve();
  },
  async (kv) => {
    const call = kv.get({ key: 'hang' }).subscribe();
    await new Promise((resolve) => setImmediate(resolve));
    call.unsubscribe();
  },
  (kv) => fails(kv.get({ key: 'hang' }, { timeoutMs: 1 }), status.DEADLINE_EXCEEDED),
];

/** One call in how many is cut. nghttp2, below grpc-js, ends a connection on which more than 1000 and then 33 a second are. */
const CUT_EVERY: Readonly<Record<GrpcEngine, number>> = { native: 3, 'grpc-js': 100 };

async function run(kv: KV, calls: number, cutEvery: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let turn = next++; turn < calls; turn = next++) {
      const cut = turn % cutEvery === 0 ? CUT[(turn / cutEvery) % CUT.length] : undefined;
      await (cut ?? ENDED[turn % ENDED.length]!)(kv, turn);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

/** What a process held after the first fifth of the calls, and after the last. */
export interface Held {
  readonly before: Memory;
  readonly after: Memory;
}

export interface SoakOptions {
  readonly calls: number;
  readonly grpcEngine?: GrpcEngine;
  readonly autoMtls?: boolean;
}

/** Calls of all four kinds that end well, fail, are cancelled and run out of time, between two processes. */
export async function soak({ calls, grpcEngine = 'native', autoMtls = false }: SoakOptions) {
  await using client = createClient({
    command: [process.execPath, fileURLToPath(new URL('plugin.js', import.meta.url)), grpcEngine],
    handshake: { protocolVersion: 1, magicCookieKey: 'RXPLUG_SOAK', magicCookieValue: 'yes' },
    plugins: { kv: grpcPlugin(KVDefinition) },
    grpcEngine,
    autoMtls,
  });
  await client.start();
  const kv = await client.dispense('kv');
  const begin = performance.now();
  const cutEvery = CUT_EVERY[grpcEngine];
  await run(kv, calls / WARM_UP, cutEvery);
  const before = await held(kv);
  await run(kv, calls - calls / WARM_UP, cutEvery);
  const after = await held(kv);
  return {
    seconds: (performance.now() - begin) / 1000,
    host: { before: before.host, after: after.host } satisfies Held,
    plugin: { before: before.plugin, after: after.plugin } satisfies Held,
  };
}

async function held(kv: KV): Promise<Record<'host' | 'plugin', Memory>> {
  // What was cancelled last is on its way.
  await firstValueFrom(kv.get({ key: 'x' }));
  const { value } = await firstValueFrom(kv.get({ key: 'memory' }));
  return { host: memoryAfterGc(), plugin: JSON.parse(Buffer.from(value).toString()) as Memory };
}
