import assert from 'node:assert/strict';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, beforeEach, describe, test } from 'node:test';
import timers from 'node:timers';
import { firstValueFrom, lastValueFrom, map, of, toArray } from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { KvStore } from '../../examples/grpc-kv/kv-store.js';
import { implement, netRpcPlugin } from '../../src/index.js';
import { gob, handler, method } from '../../src/net-rpc.js';
import { createGrpcPair, createNetRpcConnection, createPluginPair } from '../../src/testing/index.js';
import { SILENT_LOGGER } from '../../src/wire/logs/logger.js';
import { JOINTS } from './joints.js';

const REPLACED = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
] as const;
const originals = Object.fromEntries(REPLACED.map((name) => [name, globalThis[name]]));
const value = Buffer.from('1');

/** As a fake timer that nobody advances. */
function never(): NodeJS.Timeout {
  const timer: Record<string, unknown> = { [Symbol.toPrimitive]: () => 1, hasRef: () => false };
  for (const name of ['ref', 'unref', 'refresh', 'close']) timer[name] = () => timer;
  return timer as unknown as NodeJS.Timeout;
}

function replaceBy(of: (name: string) => unknown): void {
  for (const name of REPLACED) {
    Object.assign(globalThis, { [name]: of(name) });
    if (name in timers) Object.assign(timers, { [name]: of(name) });
  }
  syncBuiltinESMExports();
}

describe('under fake timers that nobody advances', { timeout: 120_000 }, () => {
  beforeEach(() => replaceBy(() => never));
  afterEach(() => replaceBy((name) => originals[name]));

  for (const [title, joint] of JOINTS) {
    test(`over ${title}: a gRPC service answers in all four kinds`, async () => {
      await using pair = await createGrpcPair(KVDefinition, new KvStore(SILENT_LOGGER), joint);
      const { client } = pair;
      assert.deepEqual(await firstValueFrom(client.put({ key: 'a', value })), { revision: 1n });
      const imported$ = client.import(of({ key: 'b', value }, { key: 'c', value }));
      assert.deepEqual(await firstValueFrom(imported$), { entries: 2, bytes: 2n });
      const keys$ = client.watch({ prefix: '', existing: true }).pipe(map(({ key }) => key));
      assert.equal(await firstValueFrom(keys$), 'a');
      const answers$ = client.sync(of({ id: 7, command: { $case: 'get' as const, get: { key: 'b' } } }));
      assert.equal((await lastValueFrom(answers$.pipe(toArray()))).length, 1);
    });

    test(`over ${title}: a message of a mebibyte arrives`, async () => {
      await using pair = await createGrpcPair(KVDefinition, new KvStore(SILENT_LOGGER), joint);
      const large = Buffer.alloc(1 << 20, 7);
      await firstValueFrom(pair.client.put({ key: 'large', value: large }));
      assert.deepEqual(Buffer.from((await firstValueFrom(pair.client.get({ key: 'large' }))).value), large);
    });

    test(`over ${title}: a plugin set of gRPC: dispense, call, ping, stdio and shutdown`, async () => {
      await using pair = await createPluginPair({ kv: plugins.kv }, { kv: KvStore }, joint);
      const kv = await pair.dispense('kv');
      assert.deepEqual(await firstValueFrom(kv.put({ key: 'a', value })), { revision: 1n });
      await pair.host.ping({ timeoutMs: 5000 });
      pair.pluginStdout.write('printed');
      assert.equal(String((await once(pair.syncStdout, 'data'))[0]), 'printed');
      assert.equal(await pair.host.shutdown({ timeoutMs: 5000 }), true);
      await pair.plugin.ended;
    });

    test(`over ${title}: a net/rpc service, by itself and in a plugin set`, async () => {
      const hello = handler(gob.string, gob.string, (name) => `Hello ${name}!`);
      await using pair = await createNetRpcConnection(new Map([['Greeter', new Map([['Hello', hello]])]]), joint);
      const greeting = await firstValueFrom(pair.client.call('Greeter.Hello', gob.string, 'Ada', gob.string));
      assert.equal(greeting, 'Hello Ada!');
      const set = { greeter: netRpcPlugin({ greet: method(gob.string, gob.string) }) };
      const greeter = implement(set.greeter, { greet: (name) => `Hello ${name}!` });
      await using both = await createPluginPair(set, { greeter }, joint);
      assert.equal(await firstValueFrom((await both.dispense('greeter')).greet('Ada')), 'Hello Ada!');
      assert.equal(await both.host.shutdown({ timeoutMs: 5000 }), true);
    });
  }
});
