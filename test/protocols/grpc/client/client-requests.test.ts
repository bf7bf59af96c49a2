import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { status as Status } from '@grpc/grpc-js';
import { firstValueFrom, from, type Observable, of, Subject, take, throwError } from 'rxjs';
import { defer } from '../../../support/defer.js';
import { test } from '../../../support/engines.js';
import { memoryRig } from '../../../support/probe-rig.js';
import { rejection } from '../../../support/rejection.js';

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
  const returned = defer();
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

const brokenSources = {
  Observable: () => throwError(() => new Error('no more')),
  Readable: () => Readable.from(failing()),
};
for (const [kind, source] of Object.entries(brokenSources)) {
  test(`when the source of requests (${kind}) fails the call is cancelled and the error has the cause`, async () => {
    await using rig = memoryRig();
    const error = await rejection(firstValueFrom(rig.client.consume(source())));
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

test('an exception of a caller’s listener ends its own call only', async () => {
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

test('an Observable of requests that is faster than the connection ends its call with RESOURCE_EXHAUSTED', async () => {
  await using rig = memoryRig();
  const chunk = { data: Buffer.alloc(1024 * 1024) };
  const flood = from(Array.from({ length: 64 }, () => chunk));
  assert.equal((await rejection(firstValueFrom(rig.client.consume(flood)))).status, Status.RESOURCE_EXHAUSTED);
  const pulled = await firstValueFrom(rig.client.consume(Array.from({ length: 64 }, () => chunk)));
  assert.equal(pulled.bytes, 64n * 1024n * 1024n);
});
