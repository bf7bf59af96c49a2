import assert from 'node:assert/strict';
import { once } from 'node:events';
import { status as Status } from '@grpc/grpc-js';
import { firstValueFrom, from, NEVER } from 'rxjs';
import { createGrpcClient } from '../../../../src/protocols/grpc/client/client.js';
import { GrpcError } from '../../../../src/protocols/grpc/shared/errors.js';
import { ProbeDefinition } from '../../../conformance/gen/probe.js';
import { FAILURE_OVERTAKES, test } from '../../../support/engines.js';
import { memoryRig } from '../../../support/probe-rig.js';

test('a sender waits for the reader of a Readable', async () => {
  await using rig = memoryRig({ channel: { http2: { streamWindowBytes: 64 * 1024 } } });
  const readable = rig.client.produce.readable({ count: 0, size: 1024 });
  const iterator = readable[Symbol.asyncIterator]();
  for (let number = 0; number < 10; number++) assert.equal((await iterator.next()).value.number, number);
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 200; round++) await firstValueFrom(rig.client.echo({}));
  assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024);
  for (let number = 10; number < 3000; number++) assert.equal((await iterator.next()).value.number, number);
  await iterator.return?.();
  assert.equal(readable.destroyed, true);
});

test('a Readable ends, errors and cancels as a Readable does', async () => {
  await using rig = memoryRig();
  const numbers = await rig.client.produce
    .readable({ count: 50, size: 10 })
    .map(({ number }) => number)
    .toArray();
  assert.equal(numbers.length, 50);
  const failing = rig.client.failLater.readable({ code: 5, message: 'x', after: 20 });
  await assert.rejects(
    async () => {
      for await (const message of failing) assert.ok(message.number < 20);
    },
    (error) => GrpcError.is(error) && error.status === Status.NOT_FOUND,
  );
  const hanging = rig.client.hangStream.readable({ token: 'readable' });
  await firstValueFrom(rig.client.observe({ token: 'readable' }));
  hanging.destroy();
  await firstValueFrom(rig.client.observe({ token: 'readable', ended: true }));
});

test('a bidirectional Readable sends requests and receives responses', async () => {
  await using rig = memoryRig();
  const readable = rig.client.exchange.readable(from([{ number: 1 }, { number: 2 }]));
  assert.deepEqual(await readable.map(({ number }) => number).toArray(), [1, 2]);
  const open = rig.client.exchange.readable(NEVER);
  open.destroy();
  await once(open, 'close');
});

const readsLate = async () => {
  await using rig = memoryRig();
  const failing = rig.client.failLater.readable({ code: 5, message: 'x', after: 12 });
  // Calls that are answered later than the failure is known.
  for (let round = 0; round < 20; round++) await firstValueFrom(rig.client.echo({}));
  const seen: number[] = [];
  const reading = async () => {
    for await (const { number } of failing) {
      seen.push(number);
      await firstValueFrom(rig.client.echo({}));
    }
  };
  await assert.rejects(reading(), (error) => GrpcError.is(error) && error.status === Status.NOT_FOUND);
  assert.deepEqual(
    seen,
    Array.from({ length: 12 }, (_, number) => number),
  );
};
const late = 'a reader that comes late gets every message that came before the failure, then the failure';
test(late, readsLate, FAILURE_OVERTAKES);

test('a response that cannot be decoded cancels the call at once, whatever was not read before it', async () => {
  await using rig = memoryRig();
  const { responseType, ...produce } = ProbeDefinition.methods.produce;
  let decoded = 0;
  const decode = (bytes: Uint8Array) => {
    if (++decoded === 3) throw new Error('of a newer version');
    return responseType.decode(bytes);
  };
  const methods = { produce: { ...produce, responseType: { ...responseType, decode } } };
  const client = createGrpcClient(rig.channel, { ...ProbeDefinition, methods });
  const readable = client.produce.readable({ count: 0, size: 10 });
  const iterator = readable[Symbol.asyncIterator]();
  assert.equal((await iterator.next()).value?.number, 0);
  for (let round = 0; round < 20; round++) await firstValueFrom(rig.client.echo({}));
  assert.equal(decoded, 3);
  assert.equal((await iterator.next()).value?.number, 1);
  await assert.rejects(iterator.next(), (error) => GrpcError.is(error) && /of a newer version/.test(error.detail));
});
