import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type Change, KVDefinition, type SyncRequest } from '../../../examples/gen/kv.js';
import type { DrivenCall } from '../driver.js';
import { ProbeDefinition } from '../gen/probe.js';
import { type Pairing, scenario } from './pairing.js';

const text = (value: string) => Buffer.from(value);
const plain = (value: Uint8Array) => Buffer.from(value).toString();

/** Calls of every kind. */
export function callsSuite(pairing: Pairing): void {
  unary(pairing);
  streams(pairing);
  concurrency(pairing);
}

function unary(pairing: Pairing): void {
  scenario(pairing, 'a unary call is answered', async ({ dispense }) => {
    const kv = await dispense('kv');
    const put = await kv.invoke(KVDefinition, 'put', { key: 'a', value: text('1') });
    assert.equal(put.message.revision, 1n);
    await kv.invoke(KVDefinition, 'put', { key: 'a', value: text('2') });
    const got = await kv.invoke(KVDefinition, 'get', { key: 'a' });
    assert.deepEqual({ value: plain(got.message.value), revision: got.message.revision }, { value: '2', revision: 2n });
  });

  scenario(pairing, 'empty messages pass in both directions', async ({ dispense }) => {
    const probe = await dispense('probe');
    const { message } = await probe.invoke(ProbeDefinition, 'echo', {});
    assert.deepEqual({ number: message.number, length: message.data.length }, { number: 0, length: 0 });
  });

  scenario(pairing, 'two plugins of one process are dispensed and share their state', async ({ client }) => {
    const [first, second] = [await client.dispense('kv'), await client.dispense('kv')];
    await first.invoke(KVDefinition, 'put', { key: 'shared', value: text('yes') });
    const got = await second.invoke(KVDefinition, 'get', { key: 'shared' });
    assert.equal(plain(got.message.value), 'yes');
    await assert.rejects(client.dispense('nonsense'), /unknown plugin type|nonsense/i);
  });
}

function streams(pairing: Pairing): void {
  scenario(pairing, 'a server stream gives what is there and then what happens', async ({ dispense }) => {
    const kv = await dispense('kv');
    await kv.invoke(KVDefinition, 'put', { key: 'w/1', value: text('one') });
    const watch = await kv.open(KVDefinition, 'watch', { request: { prefix: 'w/', existing: true } });
    assert.deepEqual(shown(await watch.receive()), ['w/1', 'one', 1n]);
    await kv.invoke(KVDefinition, 'put', { key: 'other', value: text('unseen') });
    await kv.invoke(KVDefinition, 'put', { key: 'w/2', value: text('two') });
    assert.deepEqual(shown(await watch.receive()), ['w/2', 'two', 1n]);
    await watch.cancel();
    await assert.rejects(watch.receive(), { code: 1 });
  });

  scenario(pairing, 'a client stream is answered once when it is done', async ({ dispense }) => {
    const kv = await dispense('kv');
    const load = await kv.open(KVDefinition, 'import');
    for (let i = 0; i < 10; i++) await load.send({ key: `k${i}`, value: text('x'.repeat(i)) });
    await load.closeSend();
    assert.deepEqual(await load.receive(), { entries: 10, bytes: 45n });
    assert.equal(await load.receive(), undefined);
    const got = await kv.invoke(KVDefinition, 'get', { key: 'k9' });
    assert.equal(got.message.value.length, 9);
  });

  scenario(pairing, 'a bidirectional stream answers each message as it comes', async ({ dispense }) => {
    const kv = await dispense('kv');
    const sync = await kv.open(KVDefinition, 'sync');
    const ask = (request: SyncRequest) => exchange(sync, request);
    const put = { $case: 'put', put: { key: 'b', value: text('1') } } as const;
    const { id, outcome } = await ask({ id: 1, command: put });
    assert.deepEqual({ id, outcome }, { id: 1, outcome: { $case: 'put', put: { revision: 1n } } });
    const failure = await ask({ id: 2, command: { $case: 'get', get: { key: 'absent' } } });
    assert.equal(failure.outcome?.$case, 'failure');
    const deleted = await ask({ id: 3, command: { $case: 'delete', delete: 'b' } });
    assert.deepEqual(deleted.outcome, { $case: 'deleted', deleted: true });
    await sync.closeSend();
    assert.equal(await sync.receive(), undefined);
  });

  scenario(pairing, 'a stream that never carries a message ends well', async ({ dispense }) => {
    const probe = await dispense('probe');
    const exchanged = await probe.open(ProbeDefinition, 'exchange');
    await exchanged.closeSend();
    assert.equal(await exchanged.receive(), undefined);
    const consumed = await probe.open(ProbeDefinition, 'consume');
    await consumed.closeSend();
    assert.equal((await consumed.receive())?.count, 0);
  });
}

function concurrency(pairing: Pairing): void {
  scenario(pairing, 'two thousand messages arrive complete and in order, in each direction', async ({ dispense }) => {
    const probe = await dispense('probe');
    const produced = await probe.open(ProbeDefinition, 'produce', { request: { count: 2000, size: 700 } });
    for (let number = 0; number < 2000; number++) assert.equal((await produced.receive())?.number, number);
    assert.equal(await produced.receive(), undefined);
    const consumed = await probe.open(ProbeDefinition, 'consume');
    const hash = createHash('sha256');
    for (let number = 0; number < 2000; number++) {
      const data = Buffer.alloc(700, number);
      hash.update(data);
      await consumed.send({ data, number });
    }
    await consumed.closeSend();
    assert.deepEqual(await consumed.receive(), { count: 2000, bytes: 1_400_000n, sha256: hash.digest('hex') });
  });

  scenario(pairing, 'a hundred calls at once get each its own answer', async ({ dispense }) => {
    const probe = await dispense('probe');
    const numbers = Array.from({ length: 100 }, (_, number) => number);
    const answers = await Promise.all(numbers.map((number) => probe.invoke(ProbeDefinition, 'echo', { number })));
    assert.deepEqual(
      answers.map((answer) => answer.message.number),
      numbers,
    );
  });
}

async function exchange<Request, Response>(call: DrivenCall<Request, Response>, request: Request): Promise<Response> {
  await call.send(request);
  const response = await call.receive();
  assert.ok(response !== undefined, 'the stream ended instead of answering');
  return response;
}

function shown(change: Change | undefined): unknown[] {
  return [change?.key, change?.value === undefined ? undefined : plain(change.value), change?.revision];
}
