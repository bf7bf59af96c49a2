import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { createClient } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';

const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const TOTAL_BYTES = 48 << 20;
const DIGEST_BYTES = 32;

for (const how of ['native', 'grpc-js', 'intercepted']) {
  test(`C-07 random bytes that a plugin prints from one buffer arrive unchanged, also when the reader pauses: ${how}`, async () => {
    await using client = createClient({ command: fixture('prints-noise', how), handshake, plugins });
    const hash = createHash('sha256');
    let tail: Uint8Array = Buffer.alloc(0);
    let bytes = 0;
    const read = async (): Promise<void> => {
      for await (const chunk of client.syncStdout as AsyncIterable<Buffer>) {
        bytes += chunk.byteLength;
        const held = Buffer.concat([tail, chunk]);
        hash.update(held.subarray(0, -DIGEST_BYTES));
        tail = held.subarray(-DIGEST_BYTES);
        if (bytes >= TOTAL_BYTES + DIGEST_BYTES && hash.copy().digest().equals(tail)) return;
        if (bytes % 7 === 0) await turn();
      }
    };
    const reading = read();
    await client.start();
    await within(60_000, 'the digest', reading);
  });
}
