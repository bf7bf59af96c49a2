import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { PluginOutput } from '../../src/runners/plugin-output.js';

const CHUNK = Buffer.alloc(64 << 10, 'x');

/** Has always more to give. */
function endless(): Readable {
  return new Readable({
    read() {
      setImmediate(() => this.push(CHUNK));
    },
  });
}

test('can be read before there is a pipe', async () => {
  const output = new PluginOutput();
  const all = text(output);
  const pipe = new PassThrough();
  output.attach(pipe);
  pipe.end('hello');
  assert.equal(await all, 'hello');
});

test('stops reading the pipe when its reader stops, and goes on with it', async () => {
  const output = new PluginOutput();
  const pipe = endless();
  output.attach(pipe);
  const paused = once(pipe, 'pause');
  await paused;
  assert.ok(output.readableLength <= 3 * CHUNK.length, `${output.readableLength}`);
  const resumed = once(pipe, 'resume');
  output.resume();
  await resumed;
  output.finish();
});

test('goes on reading after its reader destroyed it', async () => {
  const output = new PluginOutput();
  const pipe = new PassThrough({ highWaterMark: 1 });
  output.attach(pipe);
  pipe.write('seen');
  output.destroy();
  for (let left = 100; left > 0; left -= 1) {
    if (!pipe.write(CHUNK)) await once(pipe, 'drain');
  }
  output.finish();
  assert.equal(pipe.destroyed, true);
});

test('takes over what is left in the pipe, although nobody reads, and ends', async () => {
  const output = new PluginOutput();
  const pipe = new PassThrough();
  output.attach(pipe);
  output.pause();
  for (let left = 10; left > 0; left -= 1) pipe.write(CHUNK);
  pipe.end();
  await output.drain();
  assert.equal((await text(output)).length, 10 * CHUNK.length);
});

test('a pipe that another process holds open ends after the timeout', async () => {
  const output = new PluginOutput();
  const pipe = new PassThrough();
  output.attach(pipe);
  pipe.write('last words');
  await output.drain();
  assert.equal(await text(output), 'last words');
  assert.equal(pipe.destroyed, true);
});

test('a process that floods the pipe after the exit is cut off, with bounded memory', async () => {
  const output = new PluginOutput();
  const pipe = new Readable({
    read() {
      this.push(CHUNK);
    },
  });
  output.attach(pipe);
  await output.drain();
  assert.ok(output.readableLength <= 5 << 20, `${output.readableLength}`);
  output.resume();
  await once(output, 'end');
});

test('a broken pipe is the end, not an error', async () => {
  const output = new PluginOutput();
  const pipe = new PassThrough();
  output.attach(pipe);
  const all = text(output);
  pipe.destroy(new Error('EIO'));
  assert.equal(await all, '');
});

test('finishing twice, draining without a pipe and draining after the end do nothing', async () => {
  const output = new PluginOutput();
  await output.drain();
  output.finish();
  output.finish();
  await output.drain();
  assert.equal(await text(output), '');
});
