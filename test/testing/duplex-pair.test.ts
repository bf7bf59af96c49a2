import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { duplexPair } from '../../src/testing/duplex-pair.js';

test('what is written at one end is read at the other, after the turn in which it was written', async () => {
  const [left, right] = duplexPair();
  let seen = '';
  right.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  left.write('one ');
  left.end('two');
  assert.equal(seen, '');
  await once(right, 'end');
  assert.equal(seen, 'one two');
  right.end();
});

test('either direction ends by itself', async () => {
  const [left, right] = duplexPair();
  left.end('request');
  const request = right.setEncoding('utf8').read.bind(right);
  await once(right, 'readable');
  assert.equal(request(), 'request');
  right.resume();
  await once(right, 'end');
  right.end('answer');
  assert.equal(await text(left), 'answer');
});

test('a write is acknowledged although nobody reads', async () => {
  const [left, right] = duplexPair();
  await new Promise<void>((resolve, reject) => {
    left.write(Buffer.alloc(1024 * 1024), (error) => (error ? reject(error) : resolve()));
  });
  left.destroy();
  right.resume();
  await once(right, 'close');
});

test('the destruction of one end reaches the other behind the bytes that were written', async () => {
  const [left, right] = duplexPair();
  left.write('last words');
  left.destroy();
  assert.equal(await text(right), 'last words');
  assert.equal(right.destroyed, true);
});
