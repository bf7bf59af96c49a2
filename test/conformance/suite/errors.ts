import assert from 'node:assert/strict';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { KVDefinition, ProbeDefinition as NotServedDefinition } from '../../../examples/gen/kv.js';
import { FAILURE_OVERTAKES } from '../../support/engines.js';
import { ProbeDefinition } from '../gen/probe.js';
import { failureOf } from './failure.js';
import { type Pairing, type Scene, scenario } from './pairing.js';

/** Failures of calls arrive as what they were. */
export function errorsSuite(pairing: Pairing): void {
  scenario(pairing, 'an error arrives with its code, message and trailers', async ({ dispense }) => {
    const kv = await dispense('kv');
    const failure = await failureOf(kv.invoke(KVDefinition, 'get', { key: 'absent' }));
    assert.deepEqual([failure.code, failure.details], [5, 'no such key: absent']);
    assert.deepEqual(failure.trailer['kv-key'], ['absent']);
    assert.equal((await failureOf(kv.invoke(KVDefinition, 'put', { key: '' }))).code, 3);
  });

  scenario(pairing, 'every status code arrives', async ({ dispense }) => {
    const probe = await dispense('probe');
    for (let code = 1; code <= 16; code++) {
      const failure = await failureOf(probe.invoke(ProbeDefinition, 'fail', { code, message: `failure ${code}` }));
      assert.deepEqual([failure.code, failure.details], [code, `failure ${code}`]);
    }
  });

  scenario(pairing, 'a message in any language arrives unchanged', async ({ dispense }) => {
    const probe = await dispense('probe');
    for (const message of ['', 'ключ не найден: 鍵 🔑', 'two\nlines\tand 100% of it', 'x'.repeat(4000)]) {
      const failure = await failureOf(probe.invoke(ProbeDefinition, 'fail', { code: 9, message }));
      assert.equal(failure.details, message);
    }
  });

  scenario(pairing, 'status details arrive byte for byte', async ({ dispense }) => {
    const probe = await dispense('probe');
    const details = statusBytes(
      10,
      'with details',
      'type.googleapis.com/rxplug.Anything',
      Buffer.from([0, 1, 254, 255]),
    );
    const request = { code: 10, message: 'with details', details };
    const failure = await failureOf(probe.invoke(ProbeDefinition, 'fail', request));
    assert.deepEqual([failure.code, failure.details], [10, 'with details']);
    const values = failure.trailer['grpc-status-details-bin'] ?? [];
    assert.deepEqual(
      values.map((value) => Buffer.from(value, 'base64').toString('hex')),
      [Buffer.from(details).toString('hex')],
    );
  });

  const failsLater = async ({ dispense }: Scene) => {
    const probe = await dispense('probe');
    const request = { code: 13, message: 'broke', after: 3, trailers: { 'why-not': 'because' } };
    const call = await probe.open(ProbeDefinition, 'failLater', { request });
    for (let number = 0; number < 3; number++) assert.equal((await call.receive())?.number, number);
    const failure = await failureOf(call.receive());
    assert.deepEqual([failure.code, failure.details, failure.trailer['why-not']], [13, 'broke', ['because']]);
  };
  const failing = 'a stream that fails gives first what came before';
  scenario(pairing, failing, failsLater, { notStock: FAILURE_OVERTAKES });

  scenario(pairing, 'a service that the plugin lacks is UNIMPLEMENTED and harms nothing', async ({ dispense }) => {
    const kv = await dispense('kv');
    const failure = await failureOf(kv.invoke(NotServedDefinition, 'describe', {}));
    assert.equal(failure.code, 12);
    await kv.invoke(KVDefinition, 'put', { key: 'still', value: Buffer.from('there') });
  });
}

/** A google.rpc.Status with one detail. */
function statusBytes(code: number, message: string, typeUrl: string, value: Uint8Array): Uint8Array {
  const writer = new BinaryWriter();
  writer.uint32(8).int32(code).uint32(18).string(message);
  writer.uint32(26).fork().uint32(10).string(typeUrl).uint32(18).bytes(value).join();
  return writer.finish();
}
