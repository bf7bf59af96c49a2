import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { Metadata, status as Status } from '@grpc/grpc-js';
import {
  firstValueFrom,
  from,
  lastValueFrom,
  NEVER,
  type Observable,
  of,
  Subject,
  take,
  throwError,
  toArray,
} from 'rxjs';
import { GrpcError } from '../../../src/protocols/grpc/errors.js';
import { deferred } from '../../support/deferred.js';
import { test } from '../../support/engines.js';
import { memoryRig, type ProbeRig, unixRig } from '../../support/probe-rig.js';

const rigs: Readonly<Record<string, () => ProbeRig | Promise<ProbeRig>>> = {
  memory: () => memoryRig(),
  unix: () => unixRig(),
};

for (const [where, open] of Object.entries(rigs)) {
  test(`${where}: a unary call emits one message and completes`, async () => {
    await using rig = await open();
    const answers = await lastValueFrom(rig.client.echo({ data: Buffer.from('hi') }).pipe(toArray()));
    assert.deepEqual(
      answers.map(({ data }) => Buffer.from(data).toString()),
      ['hi'],
    );
  });

  test(`${where}: an empty message and one of 8 MiB arrive whole`, async () => {
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

  test(`${where}: a client stream sends what its source gives, of whatever kind`, async () => {
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

  test(`${where}: a bidirectional stream is a conversation`, async () => {
    await using rig = await open();
    const request$ = new Subject<{ number: number }>();
    const seen: number[] = [];
    const over = deferred();
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

  test(`${where}: a stream that fails later emits first`, async () => {
    await using rig = await open();
    const seen: number[] = [];
    const failed = deferred<unknown>();
    rig.client.failLater({ code: 5, message: 'gone', after: 3 }).subscribe({
      next: ({ number }) => seen.push(number),
      error: failed.resolve,
    });
    const error = await failed.promise;
    assert.ok(GrpcError.is(error) && error.status === Status.NOT_FOUND);
    assert.deepEqual(seen, [0, 1, 2]);
  });

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

  test(`${where}: past its time a call fails with DEADLINE_EXCEEDED on both ends`, async () => {
    await using rig = await open();
    const token = `deadline-${where}`;
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

test('request$ is unsubscribed when the call ends first', async () => {
  await using rig = memoryRig();
  const request$ = new Subject<{ number: number }>();
  const answer = firstValueFrom(rig.client.exchange(request$).pipe(take(1)));
  assert.equal(request$.observed, true);
  request$.next({ number: 1 });
  await answer;
  assert.equal(request$.observed, false);
});

test('a generator of requests is returned when the call ends first', async () => {
  await using rig = memoryRig();
  const returned = deferred();
  async function* endless() {
    try {
      for (let number = 0; ; number++) yield { number };
    } finally {
      returned.resolve();
    }
  }
  await firstValueFrom(rig.client.exchange(endless()).pipe(take(3)));
  await returned.promise;
});

for (const source of [throwError(() => new Error('no more')), Readable.from(failing())]) {
  test('when the source of requests fails the call is cancelled and the error has the cause', async () => {
    await using rig = memoryRig();
    const error = await rejection(firstValueFrom(rig.client.consume(source)));
    assert.equal(error.status, Status.CANCELLED);
    assert.equal((error.cause as Error).message, 'no more');
  });
}

async function* failing() {
  yield { number: 1 };
  throw new Error('no more');
}

test('a request that cannot be encoded is INTERNAL, alone and in a stream', async () => {
  await using rig = memoryRig();
  const bad = { data: 5 as unknown as Uint8Array };
  const calls: Observable<unknown>[] = [rig.client.echo(bad), rig.client.consume(of(bad)), rig.client.consume([bad])];
  for (const call$ of calls) {
    assert.equal((await rejection(firstValueFrom(call$))).status, Status.INTERNAL);
  }
});

test('what a caller’s own listener throws ends its call only', async () => {
  await using rig = memoryRig();
  const boom = () => {
    throw new Error('mine');
  };
  for (const options of [{ onHeaders: boom }, { onTrailers: boom }]) {
    const error = await rejection(firstValueFrom(rig.client.echo({}, options)));
    assert.equal((error.cause as Error).message, 'mine');
  }
  await firstValueFrom(rig.client.echo({}));
});

test('an Observable of requests that outruns the connection ends its call with RESOURCE_EXHAUSTED', async () => {
  await using rig = memoryRig();
  const chunk = { data: Buffer.alloc(1024 * 1024) };
  const flood = from(Array.from({ length: 64 }, () => chunk));
  assert.equal((await rejection(firstValueFrom(rig.client.consume(flood)))).status, Status.RESOURCE_EXHAUSTED);
  const pulled = await firstValueFrom(rig.client.consume(Array.from({ length: 64 }, () => chunk)));
  assert.equal(pulled.bytes, 64n * 1024n * 1024n);
});

test('a Readable is read at the reader’s pace and the sender waits', async () => {
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
  const seen: unknown[] = [];
  await assert.rejects(
    async () => {
      for await (const message of failing) seen.push(message);
    },
    (error) => GrpcError.is(error) && error.status === Status.NOT_FOUND,
  );
  assert.equal(seen.length, 20);
  const hanging = rig.client.hangStream.readable({ token: 'readable' });
  await firstValueFrom(rig.client.observe({ token: 'readable' }));
  hanging.destroy();
  await firstValueFrom(rig.client.observe({ token: 'readable', ended: true }));
});

test('a bidirectional Readable echoes what it is fed', async () => {
  await using rig = memoryRig();
  const readable = rig.client.exchange.readable(from([{ number: 1 }, { number: 2 }]));
  assert.deepEqual(await readable.map(({ number }) => number).toArray(), [1, 2]);
  const open = rig.client.exchange.readable(NEVER);
  open.destroy();
  await once(open, 'close');
});

test('interceptors see each subscription, from the outermost in, and may call again', async () => {
  const log: string[] = [];
  const trace = (name: string): NonNullable<Parameters<typeof memoryRig>[0]>['interceptors'] => [
    (call, next) => {
      log.push(`${name} ${call.path}`);
      return next(call);
    },
  ];
  await using rig = memoryRig({ interceptors: [...trace('a')!, ...trace('b')!] });
  const call$ = rig.client.echo({});
  assert.deepEqual(log, []);
  await firstValueFrom(call$);
  assert.deepEqual(log, ['a /rxplug.conformance.Probe/Echo', 'b /rxplug.conformance.Probe/Echo']);
});

test('an interceptor may change options, request and response', async () => {
  await using rig = memoryRig({
    interceptors: [
      (call, next) => {
        const metadata = new Metadata();
        metadata.set('echo-added', 'yes');
        return next({ ...call, request: { number: 41 }, options: { ...call.options, metadata } });
      },
    ],
  });
  let seen: unknown;
  const onHeaders = (headers: Metadata) => {
    seen = headers.get('echo-added')[0];
  };
  assert.equal((await firstValueFrom(rig.client.echo({}, { onHeaders }))).number, 41);
  assert.equal(seen, 'yes');
});

async function rejection(promise: Promise<unknown>): Promise<GrpcError> {
  const error = await promise.then(
    () => assert.fail('the call succeeded'),
    (reason: unknown) => reason,
  );
  if (!GrpcError.is(error)) throw error;
  return error;
}
