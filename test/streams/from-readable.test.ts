import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { concatMap, firstValueFrom, from, lastValueFrom, take, toArray } from 'rxjs';
import { TransportError } from '../../src/errors.js';
import { fromReadable } from '../../src/streams/from-readable.js';

const bytes = (text: string): Buffer => Buffer.from(text);

async function textOf(readable: Readable): Promise<string> {
  return Buffer.concat(await lastValueFrom(fromReadable(readable).pipe(toArray()))).toString();
}

function listenersOf(readable: Readable): number {
  return readable.eventNames().reduce((sum, name) => sum + readable.listenerCount(name), 0);
}

test('emits nothing and does not read before it is subscribed', async () => {
  const readable = new PassThrough();
  const before = listenersOf(readable);
  const chunk$ = fromReadable(readable);
  readable.write('early');
  assert.equal(listenersOf(readable), before);
  assert.equal(readable.readableFlowing, null);
  const chunk = await firstValueFrom(chunk$);
  assert.equal(Buffer.from(chunk).toString(), 'early');
});

test('completes with an empty Readable, with one chunk and with many', async () => {
  assert.equal(await textOf(Readable.from([])), '');
  assert.equal(await textOf(Readable.from([bytes('one')])), 'one');
  assert.equal(await textOf(Readable.from([bytes('a'), bytes('b'), bytes('c')])), 'abc');
});

test('completes at once for a Readable that has already ended', async () => {
  const readable = Readable.from([bytes('gone')]);
  readable.resume();
  await once(readable, 'end');
  assert.equal(await textOf(readable), '');
});

test("passes on the Readable's error and leaves no listener behind", async () => {
  const readable = new PassThrough();
  readable.on('error', () => {});
  const before = listenersOf(readable);
  const outcome = lastValueFrom(fromReadable(readable));
  readable.destroy(new Error('broken'));
  await assert.rejects(outcome, /broken/);
  assert.equal(listenersOf(readable), before);
});

test('errors when the Readable is destroyed before its end, also when it was so already', async () => {
  const readable = new PassThrough();
  const outcome = lastValueFrom(fromReadable(readable));
  readable.destroy();
  const isLost = (error: unknown): boolean => error instanceof TransportError && error.code === 'ERR_CONNECTION_LOST';
  await assert.rejects(outcome, isLost);
  await assert.rejects(lastValueFrom(fromReadable(readable)), isLost);
});

test('pauses on early unsubscribe, keeps the rest for the next subscriber, and does not destroy the Readable', async () => {
  const readable = new PassThrough();
  const before = listenersOf(readable);
  readable.write('first');
  readable.write('second');
  const first = await firstValueFrom(fromReadable(readable).pipe(take(1)));
  assert.equal(Buffer.from(first).toString(), 'first');
  assert.equal(readable.isPaused(), true);
  assert.equal(readable.destroyed, false);
  assert.equal(listenersOf(readable), before);
  readable.end('third');
  assert.equal(await textOf(readable), 'secondthird');
});

test('does not pause a Readable that somebody else reads too', () => {
  const readable = new PassThrough();
  readable.on('data', () => {});
  fromReadable(readable).subscribe().unsubscribe();
  assert.equal(readable.isPaused(), false);
});

test('can be read once per Readable in a row', async () => {
  const texts = from(['x', 'y']).pipe(concatMap((text) => textOf(Readable.from([bytes(text)]))));
  assert.deepEqual(await lastValueFrom(texts.pipe(toArray())), ['x', 'y']);
});
