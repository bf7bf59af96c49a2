import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { firstValueFrom, from, map } from 'rxjs';
import { PluginError } from '../../../src/errors.js';
import { firstLine } from '../../../src/host/start/first-line.js';
import { decode } from '../../../src/streams/decode.js';
import { fromReadable } from '../../../src/streams/from-readable.js';
import { LineDecoder } from '../../../src/wire/lines.js';

const STAY = 'setInterval(() => {}, 1000);';

interface Outcome {
  readonly text?: string;
  readonly error?: PluginError;
}

interface Circumstances {
  readonly settleMs?: number;
}

/** What the handshake makes of a real process. */
async function shakeHands(program: string, { settleMs = 60_000 }: Circumstances = {}): Promise<Outcome> {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const decoder = new LineDecoder();
  const exit$ = from(exited).pipe(map(([code, signal]) => ({ code, signal })));
  try {
    const line$ = fromReadable(child.stdout).pipe(decode(() => decoder));
    return { text: await firstValueFrom(firstLine(line$, exit$, { settleMs })) };
  } catch (error) {
    assert.ok(PluginError.is(error), String(error));
    return { error };
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

test('P-03 a real process prints its line in parts and stays', async () => {
  const program = `process.stdout.write('1|1|unix|'); setTimeout(() => process.stdout.write('/p|grpc|\\n'), 20); ${STAY}`;
  assert.deepEqual(await shakeHands(program), { text: '1|1|unix|/p|grpc|' });
});

test('H-28 a real process that says nothing and exits is known by its exit code', async () => {
  const { error } = await shakeHands('process.exit(7)');
  assert.deepEqual([error?.code, error?.details.exitCode], ['ERR_EXITED_EARLY', 7]);
});

test('H-28 a real process that is killed is known by its signal', async () => {
  const { error } = await shakeHands("process.kill(process.pid, 'SIGKILL')");
  assert.deepEqual([error?.code, error?.details.signal], ['ERR_EXITED_EARLY', 'SIGKILL']);
});

test('half a line and then the exit: the half is the line', async () => {
  assert.deepEqual(await shakeHands("process.stdout.write('usage: x')"), { text: 'usage: x' });
});

test('stdout closed by a process that lives on', async () => {
  const { error } = await shakeHands(`require('node:fs').closeSync(1); ${STAY}`, { settleMs: 50 });
  assert.equal(error?.code, 'ERR_HANDSHAKE_NO_LINE');
});

test('an endless line is refused at its limit', async () => {
  const program =
    "const more = () => { while (process.stdout.write('x'.repeat(65536))); }; process.stdout.on('drain', more); more();";
  assert.equal((await shakeHands(program)).error?.code, 'ERR_HANDSHAKE_LINE_TOO_LONG');
});
