import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { DrivenClient } from '../driver.js';
import { bytes } from '../recorder.js';
import { isNetRpc, type Pairing, scenario } from './pairing.js';
import type { Probe, StreamName } from './probe.js';

/** What the plugin's program writes to its standard streams. */
export function stdioSuite(pairing: Pairing): void {
  intact(pairing);
  odd(pairing);
}

function intact(pairing: Pairing): void {
  const item = isNetRpc(pairing) ? 'R-10' : 'C-07';
  scenario(pairing, `P-18 ${item} stdout and stderr arrive intact and in order`, async ({ client, ...scene }) => {
    const probe = await scene.probe();
    const every = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
    const out = Buffer.concat([every, randomBytes(300_000)]);
    const err = Buffer.concat([randomBytes(200_000), every]);
    await Promise.all([writeInPieces(probe, 'STDOUT', out, 777), writeInPieces(probe, 'STDERR', err, 5000)]);
    assert.equal((await bytes(client.stdout, out.length, 'stdout')).equals(out), true, 'stdout differs');
    assert.equal((await bytes(client.stderr, err.length, 'stderr')).equals(err), true, 'stderr differs');
    assert.equal(rawText(client).includes(err.toString('latin1', 0, 100)), false, 'stderr went to the log as well');
  });

  scenario(pairing, 'P-18 a text without newline arrives as well', async ({ client, probe }) => {
    await (await probe()).write('STDOUT', Buffer.from('question? '));
    assert.equal((await bytes(client.stdout, 10, 'stdout')).toString(), 'question? ');
  });

  const early = isNetRpc(pairing) ? '' : 'C-08 ';
  scenario(pairing, `${early}what is written while nobody reads yet is not lost`, async ({ client, probe }) => {
    await (await probe()).write('STDOUT', Buffer.from('0123456789'.repeat(400)), 10);
    const all = await bytes(client.stdout, 40_000, 'stdout');
    assert.equal(all.toString(), '0123456789'.repeat(4000));
  });
}

function odd(pairing: Pairing): void {
  scenario(pairing, 'P-19 the logger keeps writing to the real stderr', async ({ client, probe }) => {
    await (await probe()).log({ level: 'info', message: 'to the real stderr' });
    await client.rawStderr.until(
      () => (rawText(client).includes('to the real stderr') ? true : undefined),
      'raw stderr',
    );
    assert.deepEqual(client.stderr.items, []);
  });

  if (pairing.plugin !== 'go') return;

  scenario(pairing, 'H-29 the real stdout is drained after the handshake', async ({ probe }) => {
    await (await probe()).write('REAL_STDOUT', Buffer.from(`${'x'.repeat(1000)}\n`), 1000);
  });

  // What a service says, or whether there is one, is a matter of gRPC.
  if (isNetRpc(pairing)) return;

  scenario(
    pairing,
    'C-05 a plugin without the stdio service serves all the same',
    async ({ client, probe }) => {
      assert.equal((await (await probe()).echo(Buffer.from('x'))).length, 1);
      await client.ping();
    },
    { flags: { stdio: 'off' } },
  );

  scenario(
    pairing,
    'C-09 data on an unknown channel is dropped',
    async ({ client, ...scene }) => {
      const probe = await scene.probe();
      await probe.write('STDOUT', Buffer.from('once'));
      await probe.write('STDERR', Buffer.from('twice'));
      assert.equal((await bytes(client.stdout, 4, 'stdout')).toString(), 'once');
      assert.equal((await bytes(client.stderr, 5, 'stderr')).toString(), 'twice');
    },
    { flags: { stdio: 'unknown' } },
  );
}

async function writeInPieces(probe: Probe, stream: StreamName, data: Buffer, size: number): Promise<void> {
  for (let at = 0; at < data.length; at += size) await probe.write(stream, data.subarray(at, at + size));
}

/** The raw stderr so far, a character per byte. */
export function rawText(client: DrivenClient): string {
  return Buffer.concat(client.rawStderr.items).toString('latin1');
}
