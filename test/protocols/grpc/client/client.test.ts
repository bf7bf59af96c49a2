import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { Metadata, status as Status } from '@grpc/grpc-js';
import { firstValueFrom, from, lastValueFrom, Subject, toArray } from 'rxjs';
import { GrpcError } from '../../../../src/protocols/grpc/shared/errors.js';
import { defer } from '../../../support/defer.js';
import { FAILURE_OVERTAKES, test } from '../../../support/engines.js';
import { memoryRig, type ProbeRig, unixRig } from '../../../support/probe-rig.js';
import { rejection } from '../../../support/rejection.js';

const rigs: Readonly<Record<string, () => ProbeRig | Promise<ProbeRig>>> = {
  memory: () => memoryRig(),
  unix: () => unixRig(),
};

for (const timeoutMs of [Number.NaN, '500'] as unknown as number[])
  test(`a call with the timeout ${JSON.stringify(timeoutMs)} is an OptionsError, and nothing is sent`, async () => {
    await using rig = memoryRig();
    const outcome = (async () => await firstValueFrom(rig.client.echo({}, { timeoutMs })))();
    const message = /^Expected `timeoutMs` of a call to be a number of milliseconds, got (NaN|"500")/;
    await assert.rejects(outcome, { code: 'ERR_OPTIONS', message });
  });

const WRONG: readonly (readonly [options: object, message: RegExp])[] = [
  [{ signal: new AbortController() }, /^Expected `signal` of a call to be an AbortSignal, .*got an object/],
  [{ signal: null }, /^Expected `signal` of a call to be an AbortSignal, .*got null/],
  [{ deadline: 5 }, /^There is no option `deadline` of a call\. It has `metadata`.*`onTrailers`\.$/],
  [{ metadata: { attempt: 5 } }, /^Expected `attempt` of the metadata of a call to be text or bytes, got 5 \(number\)/],
  [{ metadata: { tags: ['a', null] } }, /^Expected `tags` of the metadata of a call to be text or bytes, got null/],
];

for (const [options, message] of WRONG)
  test(`a call with the options ${JSON.stringify(options)} is an OptionsError, and nothing is sent`, async () => {
    await using rig = memoryRig();
    const outcome = (async () => await firstValueFrom(rig.client.echo({}, options)))();
    await assert.rejects(outcome, { code: 'ERR_OPTIONS', message });
  });

for (const [where, open] of Object.entries(rigs)) {
  test(`${where}: a unary call emits one message and completes`, async () => {
    await using rig = await open();
    const answers = await lastValueFrom(rig.client.echo({ data: Buffer.from('hi') }).pipe(toArray()));
    assert.deepEqual(
      answers.map(({ data }) => Buffer.from(data).toString()),
      ['hi'],
    );
  });

  test(`${where}: an empty message and one of 8 MiB arrive unchanged`, async () => {
    await using rig = await open();
    assert.equal((await firstValueFrom(rig.client.echo({}))).data.length, 0);
    const data = Buffer.alloc(8 * 1024 * 1024, 'abc');
    const answer = await firstValueFrom(rig.client.echo({ data, number: 7 }));
    assert.equal(answer.number, 7);
    assert.ok(data.equals(answer.data));
  });

  test(`${where}: a server stream emits its messages in order`, async () => {
    await using rig = await open();
    const messages = await lastValueFrom(rig.client.produce({ count: 1000, size: 1000 }).pipe(toArray()));
    assert.deepEqual(
      messages.map(({ number }) => number),
      Array.from({ length: 1000 }, (_, index) => index),
    );
    assert.ok(messages.every(({ data }) => data.length === 1000));
  });

  test(`${where}: a client stream sends the requests of an Observable, an iterable or a Readable`, async () => {
    await using rig = await open();
    const chunks = Array.from({ length: 300 }, (_, index) => ({ data: Buffer.alloc(1 + index * 50, index) }));
    const sha256 = createHash('sha256')
      .update(Buffer.concat(chunks.map(({ data }) => data)))
      .digest('hex');
    async function* generate() {
      yield* chunks;
    }
    for (const source of [from(chunks), generate(), Readable.from(chunks), chunks]) {
      const digest = await firstValueFrom(rig.client.consume(source));
      assert.deepEqual({ ...digest, bytes: undefined }, { count: 300, sha256, bytes: undefined });
    }
    assert.equal((await firstValueFrom(rig.client.consume(Promise.resolve({ data: Buffer.alloc(9) })))).bytes, 9n);
    assert.equal((await firstValueFrom(rig.client.consume([]))).count, 0);
  });

  test(`${where}: a bidirectional stream sends and receives in turns`, async () => {
    await using rig = await open();
    const request$ = new Subject<{ number: number }>();
    const seen: number[] = [];
    const over = defer();
    rig.client.exchange(request$).subscribe({
      next: ({ number }) => {
        seen.push(number);
        if (number < 50) request$.next({ number: number + 1 });
        else request$.complete();
      },
      complete: over.resolve,
      error: over.reject,
    });
    request$.next({ number: 1 });
    await over.promise;
    assert.deepEqual(
      seen,
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  });

  test(`${where}: a failure carries code, detail, trailers and status details`, async () => {
    await using rig = await open();
    const request = {
      code: 9,
      message: 'größer als 100 %',
      trailers: { why: 'because' },
      details: Buffer.from('rich'),
    };
    const error = await rejection(firstValueFrom(rig.client.fail(request)));
    assert.equal(error.status, Status.FAILED_PRECONDITION);
    assert.equal(error.detail, 'größer als 100 %');
    assert.equal(error.message, '/rxplug.conformance.Probe/Fail FAILED_PRECONDITION: größer als 100 %');
    assert.deepEqual(error.metadata.get('why'), ['because']);
    assert.equal(String(error.statusDetails), 'rich');
  });

  const failsLater = async () => {
    await using rig = await open();
    const seen: number[] = [];
    const failed = defer<unknown>();
    rig.client.failLater({ code: 5, message: 'gone', after: 3 }).subscribe({
      next: ({ number }) => seen.push(number),
      error: failed.resolve,
    });
    const error = await failed.promise;
    assert.ok(GrpcError.is(error) && error.status === Status.NOT_FOUND);
    assert.deepEqual(seen, [0, 1, 2]);
  };
  test(`${where}: a stream that fails later emits its messages first`, failsLater, FAILURE_OVERTAKES);

  test(`${where}: metadata goes both ways, as headers and trailers, binary too`, async () => {
    await using rig = await open();
    const metadata = new Metadata();
    metadata.add('echo-text', 'one');
    metadata.add('echo-text', 'two');
    metadata.add('echo-blob-bin', Buffer.from([0, 255]));
    const got: Record<string, Metadata> = {};
    const onHeaders = (headers: Metadata) => {
      got['headers'] = headers;
    };
    const onTrailers = (trailers: Metadata) => {
      got['trailers'] = trailers;
    };
    await firstValueFrom(rig.client.echo({}, { metadata, onHeaders, onTrailers }));
    assert.deepEqual(got['headers']?.get('echo-blob-bin'), [Buffer.from([0, 255])]);
    assert.equal(got['headers']?.get('echo-text').join(', '), 'one, two');
    assert.deepEqual(got['trailers']?.get('trail-blob-bin'), [Buffer.from([0, 255])]);
  });

  test(`${where}: unsubscribing cancels at the server`, async () => {
    await using rig = await open();
    const token = `unsubscribe-${where}`;
    const subscription = rig.client.hangStream({ token }).subscribe({ error: assert.fail, complete: assert.fail });
    await firstValueFrom(rig.client.observe({ token }));
    subscription.unsubscribe();
    assert.equal((await firstValueFrom(rig.client.observe({ token, ended: true }))).ended, true);
  });

  test(`${where}: after its timeout a call fails with DEADLINE_EXCEEDED on both ends`, async () => {
    await using rig = await open();
    const token = `deadline-${where}`;
    // Connected before, so that the server sees the call even when its time is up at once.
    await firstValueFrom(rig.client.echo({}));
    const error = await rejection(firstValueFrom(rig.client.hang({ token }, { timeoutMs: 50 })));
    assert.equal(error.status, Status.DEADLINE_EXCEEDED);
    await firstValueFrom(rig.client.observe({ token, ended: true }));
    const late = await rejection(firstValueFrom(rig.client.echo({}, { timeoutMs: 0 })));
    assert.equal(late.status, Status.DEADLINE_EXCEEDED);
  });

  test(`${where}: a signal cancels with an error that names its reason`, async () => {
    await using rig = await open();
    const token = `signal-${where}`;
    const controller = new AbortController();
    const failed = rejection(firstValueFrom(rig.client.hang({ token }, { signal: controller.signal })));
    await firstValueFrom(rig.client.observe({ token }));
    controller.abort(new Error('changed my mind'));
    assert.equal((await failed).status, Status.CANCELLED);
    assert.equal(((await failed).cause as Error).message, 'changed my mind');
    await firstValueFrom(rig.client.observe({ token, ended: true }));
    const { signal } = controller;
    assert.equal((await rejection(firstValueFrom(rig.client.echo({}, { signal })))).status, Status.CANCELLED);
  });
}

test('one signal for many calls has one listener, without a warning of a leak, and cancels them all', async () => {
  await using rig = memoryRig();
  const controller = new AbortController();
  const { signal } = controller;
  const failed = Array.from({ length: 40 }, () => rejection(firstValueFrom(rig.client.hang({}, { signal }))));
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  controller.abort();
  for (const { status } of await Promise.all(failed)) assert.equal(status, Status.CANCELLED);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('a call is cold: without a subscriber nothing connects, and each subscriber makes its own', async () => {
  await using rig = memoryRig();
  const call$ = rig.client.echo({ number: 1 });
  await turn();
  assert.equal(rig.channel.state.status, 'idle');
  const answers = await Promise.all([firstValueFrom(call$), firstValueFrom(call$)]);
  assert.equal(answers.length, 2);
});

test('an unknown method is UNIMPLEMENTED', async () => {
  await using rig = memoryRig();
  const error = await rejection(firstValueFrom(rig.client.crash({})));
  assert.equal(error.status, Status.UNIMPLEMENTED);
});
