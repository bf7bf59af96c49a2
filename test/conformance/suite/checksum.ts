import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { configOf, hosted, type Pairing } from './pairing.js';
import { processesWith } from './processes.js';

/** Hosts that know what they are about to run. */
export function checksumSuite(pairing: Pairing): void {
  hosted(pairing, 'H-09 a file with the expected checksum is run', async (host) => {
    const config = await configOf(pairing);
    const checksum = createHash('sha256')
      .update(await readFile(config.command![0]))
      .digest('hex');
    const client = await host.create({ ...config, checksum });
    await client.start();
    await client.ping();
    await client.stop();
  });

  hosted(pairing, 'H-09 a file with another checksum is not run', async (host) => {
    const mark = randomUUID();
    const checksum = createHash('sha256').update('something else').digest('hex');
    const client = await host.create({ ...(await configOf(pairing, { flags: { mark } })), checksum });
    await assert.rejects(client.start(), /checksum/i);
    assert.deepEqual(processesWith(mark), []);
  });

  hosted(pairing, 'H-10 a file that cannot be read is an error of its own', async (host, tempDir) => {
    const command = [`${tempDir}/no-such-file`] as const;
    const client = await host.create({ ...pairing.config, command, checksum: 'ab'.repeat(32) });
    await assert.rejects(client.start(), /no-such-file/);
  });
}
