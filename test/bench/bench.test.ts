import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { keepWriting, rawSink } from './raw-bytes.js';

test('every benchmark has its place in the page, which --write fills, and every place its benchmark', () => {
  const page = readFileSync(new URL('../../../docs/benchmarks.md', import.meta.url), 'utf8');
  const places = [...page.matchAll(/^<!-- bench (\S+) node(\d+) -->$/gm)].map(([, name, node]) => `${name} ${node}`);
  const files = readdirSync(new URL('.', import.meta.url)).flatMap((file) => /^(.*)\.bench\.js$/.exec(file)?.[1] ?? []);
  assert.deepEqual(places.toSorted(), [...files.map((file) => `${file} 20`), 'start 24'].toSorted());
  assert.equal(page.match(/^<!-- end -->$/gm)?.length, places.length);
});

test('the writer of the raw floor ends when its reader has hung up', async () => {
  const hangsUp = new Duplex({
    read() {},
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
  });
  hangsUp.on('error', () => {});
  await keepWriting(hangsUp, Number.POSITIVE_INFINITY);
  assert.equal(hangsUp.writableLength, 0);
});

test('the sink of the raw floor answers each stream once, whatever the chunks', () => {
  let streams = 0;
  const take = rawSink(() => streams++);
  for (const bytes of [100_000, 5]) {
    const length = Buffer.alloc(8);
    length.writeDoubleLE(bytes);
    take(length);
    for (let left = bytes; left > 0; left -= 65_536) {
      assert.equal(streams, bytes === 5 ? 1 : 0);
      take(Buffer.alloc(Math.min(left, 65_536)));
    }
  }
  assert.equal(streams, 2);
});
