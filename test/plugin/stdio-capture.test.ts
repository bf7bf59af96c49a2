import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';

const program = fileURLToPath(new URL('../fixtures/captures-output.js', import.meta.url));

/** What a program that captures its own output says of it. */
async function outcome(deed: 'print' | 'flood' | 'copy') {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, deed], { env: testEnv() });
  assert.equal(stderr, '');
  const [line = '', after] = stdout.split('\n');
  assert.equal(after, 'given back');
  return JSON.parse(line) as { stdout: unknown; stderr: unknown; dropped: unknown; results: boolean[] };
}

test('output of console and process.stdout is captured, by stream, and does not reach the real streams', async () => {
  const { stdout, stderr, dropped } = await outcome('print');
  assert.deepEqual([stdout, stderr, dropped], ['hello\nhello', 'careful\n', []]);
});

test('up to 16 MiB of unread output wait, the rest is dropped with one warning', async () => {
  const { stdout, stderr, dropped, results } = await outcome('flood');
  const kept = Number(stdout);
  assert.ok(kept > 14 << 20 && kept <= 16 << 20, `${kept} bytes were kept`);
  assert.deepEqual([stderr, dropped], ['apart', [['stdout', (20 << 20) - kept]]]);
  assert.ok(results.every((hasRoom) => !hasRoom));
});

test('a capture that tees writes to the real descriptor as well, and tells its outcome', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'tee'], { env: testEnv() });
  const [first, second, captured = '', ...rest] = stdout.split('\n');
  assert.deepEqual([first, second, ...rest], ['twice', 'and again', 'given back', '']);
  const { stdout: text, results } = JSON.parse(captured) as { stdout: unknown; results: unknown };
  assert.deepEqual([text, results], ['twice\nand again\n', [6, 10]]);
});

test('a buffer may be used again after it was written', async () => {
  assert.equal((await outcome('copy')).stdout, 'before');
});

test('a logger that is made while output is captured writes to the real stderr all the same', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, 'log'], { env: testEnv() });
  assert.equal((JSON.parse(stdout.split('\n')[0]!) as { stderr: unknown }).stderr, '');
  assert.equal((JSON.parse(stderr) as Record<string, unknown>)['@message'], 'logged');
});
