import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defer as deferred$, firstValueFrom, from, lastValueFrom, NEVER } from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { GrpcError, status } from '../../src/grpc.js';
import { createClient, createLogger, implement, type PluginClient } from '../../src/index.js';
import { inProcessRunner } from '../../src/testing/index.js';
import { type Deferred, defer, within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const bounded = <T>(what: string, promise: Promise<T>) => within(15_000, what, promise);
const hasStatus = (code: status) => (error: unknown) => GrpcError.is(error) && error.status === code;
const value = Buffer.from('done');

interface Scene {
  readonly client: PluginClient<typeof plugins>;
  /** Resolves when a call has reached the plugin. */
  readonly began: Deferred<void>;
  /** Lets it be answered. */
  readonly finish: Deferred<void>;
  /** What happened in the plugin, in order. */
  readonly events: string[];
}

type Way = 'promise' | 'observable';

/** A plugin whose `get` answers when it is told to, and whose `watch` never ends. */
async function scene(way: Way, callGraceMs?: number): Promise<Scene> {
  const began = defer();
  const finish = defer();
  const events: string[] = [];
  const answer = async () => {
    began.resolve();
    await finish.promise;
    events.push('answered');
    return { value, revision: 1n };
  };
  const unused = () => NEVER;
  const service = implement(plugins.kv, {
    ...Object.fromEntries(Object.keys(KVDefinition.methods).map((name) => [name, unused])),
    get: way === 'promise' ? answer : () => deferred$(() => from(answer())),
  } as unknown as Parameters<typeof implement<typeof plugins.kv>>[1]);
  const runner = inProcessRunner({
    handshake,
    plugins: { kv: service },
    logger: createLogger({ write: () => {} }),
    onShutdown: () => void events.push('hook'),
    ...(callGraceMs === undefined ? {} : { callGraceMs }),
  });
  const client = createClient({ runner, handshake, plugins });
  await client.start();
  return { client, began, finish, events };
}

for (const way of ['promise', 'observable'] as const) {
  test(`a call that runs during the shutdown is answered before the hook runs (${way})`, async () => {
    const { client, began, finish, events } = await scene(way, 10_000);
    const kv = await client.dispense('kv');
    const running = firstValueFrom(kv.get({ key: 'a' }));
    await began.promise;
    const stopped = client.stop();
    await bounded(
      'the refusal of a later call',
      refusal(() => firstValueFrom(kv.get({ key: 'b' }))),
    );
    finish.resolve();
    assert.equal(Buffer.from((await bounded('the answer', running)).value).toString(), 'done');
    await bounded('the end', stopped);
    // A later call that arrived before the request to shut down is answered as well.
    assert.deepEqual([...new Set(events)], ['answered', 'hook']);
    assert.equal(events.at(-1), 'hook');
    assertTempDirEmpty();
  });
}

/** Calls until one is refused: those that come before the request to end are still taken. */
async function refusal(call: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await within(50, 'an answer', call());
    } catch (error) {
      if (hasStatus(status.UNAVAILABLE)(error)) return;
      if (GrpcError.is(error)) throw error;
    }
  }
}

test('a call that is not done within the grace is cancelled', async () => {
  const { client, began, events } = await scene('promise', 20);
  const kv = await client.dispense('kv');
  const running = assert.rejects(firstValueFrom(kv.get({ key: 'a' })), hasStatus(status.CANCELLED));
  await began.promise;
  await bounded('the end', client.stop());
  await running;
  assert.deepEqual(events, ['hook']);
});

test('C-10 the shutdown does not wait for streams', async () => {
  const { client, events } = await scene('promise', 600_000);
  const kv = await client.dispense('kv');
  const watching = assert.rejects(lastValueFrom(kv.watch({ prefix: '' })), hasStatus(status.CANCELLED));
  await client.ping();
  await bounded('the end', client.stop());
  await watching;
  assert.deepEqual(events, ['hook']);
});
