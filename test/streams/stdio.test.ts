import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { firstValueFrom, toArray } from 'rxjs';
import { createStdioOutlet } from '../../src/streams/stdio.js';

const bytes = (text: string) => Buffer.from(text);

test('discards bytes without a reader, and never makes the writer wait', async () => {
  const outlet = createStdioOutlet();
  for (let index = 0; index < 1000; index++) {
    if (!outlet.writable.write(Buffer.alloc(65_536))) await once(outlet.writable, 'drain');
  }
  assert.equal(outlet.readable.readableLength, 0);
  outlet.close();
});

test('gives every byte, in order, to a reader that came before', async () => {
  const outlet = createStdioOutlet();
  const all = buffer(outlet.readable);
  for (let index = 0; index < 100; index++) outlet.writable.write(bytes(`${index},`));
  outlet.close();
  assert.equal((await all).toString(), Array.from({ length: 100 }, (_, index) => `${index},`).join(''));
});

test('a reader that stops reading stops the writer, and lets it go on', async () => {
  const outlet = createStdioOutlet();
  outlet.readable.pause();
  let written = 0;
  const write = () => {
    while (written < 1024) {
      written += 1;
      if (!outlet.writable.write(Buffer.alloc(4096, written))) return;
    }
  };
  outlet.writable.on('drain', write);
  write();
  const stuck = written;
  assert.ok(stuck < 96, `held up after ${stuck} chunks`);
  let read = 0;
  const sink = new Writable({
    write(chunk: Uint8Array, _encoding, callback) {
      read += chunk.byteLength;
      if (read === 1024 * 4096) outlet.close();
      callback();
    },
  });
  outlet.readable.pipe(sink);
  await once(sink, 'finish');
  assert.equal(read, 1024 * 4096);
});

test('emits every chunk in chunks$, with or without a reader', async () => {
  const outlet = createStdioOutlet();
  const seen = firstValueFrom(outlet.chunks$.pipe(toArray()));
  outlet.writable.write(bytes('a'));
  outlet.writable.write(bytes('b'));
  outlet.close();
  assert.deepEqual((await seen).map(String), ['a', 'b']);
});

test('a Readable that is destroyed lets the writer go on', async () => {
  const outlet = createStdioOutlet();
  outlet.readable.pause();
  while (outlet.writable.write(Buffer.alloc(65_536)));
  const drained = once(outlet.writable, 'drain');
  outlet.readable.destroy();
  await drained;
  outlet.close();
});

test('a slow reader gets what was written before the close', async () => {
  const outlet = createStdioOutlet();
  outlet.readable.pause();
  for (let index = 0; index < 64; index++) outlet.writable.write(Buffer.alloc(4096));
  outlet.close();
  assert.equal((await buffer(outlet.readable)).byteLength, 64 * 4096);
});

test('ends a Readable that was never read, and may be closed twice', async () => {
  const outlet = createStdioOutlet();
  outlet.close();
  outlet.close();
  await once(outlet.readable, 'end');
});
