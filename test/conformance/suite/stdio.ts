import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { DrivenClient, DrivenObject } from '../driver.js';
import { ProbeDefinition, WriteRequest_Stream as Stream } from '../gen/probe.js';
import { bytes } from '../recorder.js';
import { type Pairing, scenario } from './pairing.js';

/** What the plugin's program writes to its standard streams. */
export function stdioSuite(pairing: Pairing): void {
  intact(pairing);
  odd(pairing);
}

function intact(pairing: Pairing): void {
  scenario(pairing, 'P-18 C-07 stdout and stderr arrive intact and in order', async ({ client, dispense }) => {
    const probe = await dispense('probe');
    const every = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
    const out = Buffer.concat([every, randomBytes(300_000)]);
    const err = Buffer.concat([randomBytes(200_000), every]);
    await Promise.all([writeInPieces(probe, Stream.STDOUT, out, 777), writeInPieces(probe, Stream.STDERR, err, 5000)]);
    assert.equal((await bytes(client.stdout, out.length, 'stdout')).equals(out), true, 'stdout differs');
    assert.equal((await bytes(client.stderr, err.length, 'stderr')).equals(err), true, 'stderr differs');
    assert.equal(rawText(client).includes(err.toString('latin1', 0, 100)), false, 'stderr went to the log as well');
  });

  scenario(pairing, 'P-18 a text without newline arrives as well', async ({ client, dispense }) => {
    const probe = await dispense('probe');
    await probe.invoke(ProbeDefinition, 'write', { stream: Stream.STDOUT, data: Buffer.from('question? ') });
    assert.equal((await bytes(client.stdout, 10, 'stdout')).toString(), 'question? ');
  });

  scenario(pairing, 'C-08 what is written while nobody reads yet is not lost', async ({ client, dispense }) => {
    const probe = await dispense('probe');
    const request = { stream: Stream.STDOUT, data: Buffer.from('0123456789'.repeat(400)), times: 10 };
    await probe.invoke(ProbeDefinition, 'write', request);
    const all = await bytes(client.stdout, 40_000, 'stdout');
    assert.equal(all.toString(), '0123456789'.repeat(4000));
  });
}

function odd(pairing: Pairing): void {
  scenario(pairing, 'P-19 the logger keeps writing to the real stderr', async ({ client, dispense }) => {
    const probe = await dispense('probe');
    await probe.invoke(ProbeDefinition, 'log', { level: 'info', message: 'to the real stderr' });
    await client.rawStderr.until(
      () => (rawText(client).includes('to the real stderr') ? true : undefined),
      'raw stderr',
    );
    assert.deepEqual(client.stderr.items, []);
  });

  if (pairing.plugin !== 'go') return;

  scenario(pairing, 'H-29 the real stdout is drained after the handshake', async ({ dispense }) => {
    const probe = await dispense('probe');
    const line = `${'x'.repeat(1000)}\n`;
    await probe.invoke(ProbeDefinition, 'write', { stream: Stream.REAL_STDOUT, data: Buffer.from(line), times: 1000 });
  });

  scenario(
    pairing,
    'C-05 a plugin without the stdio service serves all the same',
    async ({ client, dispense }) => {
      const probe = await dispense('probe');
      assert.equal((await probe.invoke(ProbeDefinition, 'echo', { number: 1 })).message.number, 1);
      await client.ping();
    },
    { flags: { stdio: 'off' } },
  );

  scenario(
    pairing,
    'C-09 data on an unknown channel is dropped',
    async ({ client, dispense }) => {
      const probe = await dispense('probe');
      await probe.invoke(ProbeDefinition, 'write', { stream: Stream.STDOUT, data: Buffer.from('once') });
      await probe.invoke(ProbeDefinition, 'write', { stream: Stream.STDERR, data: Buffer.from('twice') });
      assert.equal((await bytes(client.stdout, 4, 'stdout')).toString(), 'once');
      assert.equal((await bytes(client.stderr, 5, 'stderr')).toString(), 'twice');
    },
    { flags: { stdio: 'unknown' } },
  );
}

async function writeInPieces(probe: DrivenObject, stream: Stream, data: Buffer, size: number): Promise<void> {
  for (let at = 0; at < data.length; at += size) {
    await probe.invoke(ProbeDefinition, 'write', { stream, data: data.subarray(at, at + size) });
  }
}

/** The raw stderr so far, a character per byte. */
export function rawText(client: DrivenClient): string {
  return Buffer.concat(client.rawStderr.items).toString('latin1');
}
