import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { EMPTY, lastValueFrom, NEVER, of, Subject, throwError } from 'rxjs';
import { ProtocolError, TransportError } from '../../src/errors.js';
import { fromReadable } from '../../src/streams/from-readable.js';
import { writeTo } from '../../src/streams/write-to.js';
import { marbles } from '../../src/testing/marbles.js';

/** A Writable that keeps every write until `release` is called. */
class SlowWritable extends Writable {
  readonly written: string[] = [];
  #release: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk.toString());
    this.#release = done;
  }

  release(): void {
    const done = this.#release;
    this.#release = undefined;
    done?.();
  }
}

const done = { defaultValue: undefined };
const bytes = (text: string): Uint8Array => Buffer.from(text);

function listenersOf(writable: Writable): number {
  return writable.eventNames().reduce((sum, name) => sum + writable.listenerCount(name), 0);
}

test('writes all, completes when it is out, and leaves a borrowed Writable open and without listeners', async () => {
  const writable = new PassThrough();
  const before = listenersOf(writable);
  await lastValueFrom(of(bytes('a'), bytes('b')).pipe(writeTo(writable)), done);
  assert.equal(writable.read()?.toString(), 'ab');
  assert.equal(writable.writable, true);
  assert.equal(listenersOf(writable), before);
});

test('completes for an empty source', async () => {
  await lastValueFrom(EMPTY.pipe(writeTo(new PassThrough())), done);
});

test('ends the Writable when told to', async () => {
  const writable = new PassThrough();
  await lastValueFrom(of(bytes('a')).pipe(writeTo(writable, { end: true })), done);
  assert.equal(writable.writableFinished, true);
});

test('does not complete before the last write is out', async () => {
  const writable = new SlowWritable();
  let completed = false;
  const outcome = lastValueFrom(of(bytes('a')).pipe(writeTo(writable)), done).then(() => {
    completed = true;
  });
  await new Promise(setImmediate);
  assert.equal(completed, false);
  writable.release();
  await outcome;
});

test("passes on the source's error and unsubscribes from it early", () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const values = { a: bytes('a') };
    const failing = cold('-a-#', values);
    expectObservable(failing.pipe(writeTo(new PassThrough()))).toBe('---#');
    expectSubscriptions(failing.subscriptions).toBe('^--!');
    const endless = cold('-a-a-a-a', values);
    expectObservable(endless.pipe(writeTo(new PassThrough())), '^----!').toBe('------');
    expectSubscriptions(endless.subscriptions).toBe('^----!');
  });
});

test('subscribes per subscriber and emits nothing for a source that never emits', () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold<Uint8Array>('-');
    const result$ = source.pipe(writeTo(new PassThrough()));
    expectObservable(result$, '^--!').toBe('-');
    expectObservable(result$, '-^--!').toBe('-');
    expectSubscriptions(source.subscriptions).toBe(['^--!', '-^--!']);
  });
});

test('errors with the error of the Writable', async () => {
  const writable = new Writable({ write: (_chunk, _encoding, callback) => callback(new Error('disk full')) });
  await assert.rejects(lastValueFrom(of(bytes('a')).pipe(writeTo(writable)), done), /disk full/);
});

test('errors when the Writable closes, while waiting and when it was closed already', async () => {
  const isLost = (error: unknown): boolean => error instanceof TransportError && error.code === 'ERR_CONNECTION_LOST';
  const writable = new PassThrough();
  const outcome = lastValueFrom(NEVER.pipe(writeTo(writable)), done);
  writable.destroy();
  await assert.rejects(outcome, isLost);
  await assert.rejects(lastValueFrom(of(bytes('a')).pipe(writeTo(writable)), done), isLost);
});

test('pauses the gate while the Writable is full and resumes it when it has drained', async () => {
  const writable = new SlowWritable({ highWaterMark: 2 });
  const calls: string[] = [];
  const gate = { pause: () => calls.push('pause'), resume: () => calls.push('resume') };
  const source = new Subject<Uint8Array>();
  const outcome = lastValueFrom(source.pipe(writeTo(writable, { gate })), done);
  source.next(bytes('a'));
  assert.deepEqual(calls, []);
  source.next(bytes('bc'));
  assert.deepEqual(calls, ['pause']);
  const drained = once(writable, 'drain');
  writable.release();
  writable.release();
  await drained;
  assert.deepEqual(calls, ['pause', 'resume']);
  source.complete();
  await outcome;
});

test('errors instead of queueing more than maxQueuedBytes, and lets a single larger chunk pass', () => {
  const writable = new SlowWritable();
  const source = new Subject<Uint8Array>();
  const errors: unknown[] = [];
  source.pipe(writeTo(writable, { maxQueuedBytes: 4 })).subscribe({ error: (error) => errors.push(error) });
  source.next(bytes('too long'));
  assert.equal(errors.length, 0);
  source.next(bytes('x'));
  const [error] = errors;
  assert.ok(error instanceof ProtocolError);
  assert.equal(error.code, 'ERR_LIMIT_EXCEEDED');
  assert.match(error.message, /8 bytes wait .* 1 more came, the limit is 4\..* gate/);
  assert.equal(source.observed, false);
});

test('carries 32 MiB from a Readable to a slower Writable within the two highWaterMarks', async () => {
  const chunk = Buffer.alloc(65_536, 'x');
  let left = 512;
  const readable = new Readable({
    read() {
      this.push(left-- > 0 ? chunk : null);
    },
  });
  let writtenBytes = 0;
  let mostQueuedBytes = 0;
  const writable = new Writable({
    write(data: Buffer, _encoding, callback) {
      writtenBytes += data.length;
      mostQueuedBytes = Math.max(mostQueuedBytes, this.writableLength);
      setImmediate(callback);
    },
  });
  await lastValueFrom(fromReadable(readable).pipe(writeTo(writable, { gate: readable })), done);
  assert.equal(writtenBytes, 32 << 20);
  assert.ok(mostQueuedBytes <= 2 * chunk.length, `queued ${mostQueuedBytes}`);
});

test('does not hide a source that throws when subscribed', async () => {
  await assert.rejects(
    lastValueFrom(throwError(() => new Error('boom')).pipe(writeTo(new PassThrough())), done),
    /boom/,
  );
});
