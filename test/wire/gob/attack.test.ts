import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { testEnv } from '../../fixtures/fixture.js';

const ATTACKER = fileURLToPath(new URL('../../fixtures/gob-attacker.js', import.meta.url));
const STREAMS = process.env['RXPLUG_GOB_ATTACKS'] ?? '80';

/** Decodes so many hostile streams in a process that may take 64 MiB of heap; one that wants more, or does not come to an end, fails. */
async function attacked(seed: number): Promise<Readonly<Record<string, number>>> {
  const args = ['--max-old-space-size=64', ATTACKER, String(seed), STREAMS];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: testEnv(), timeout: 120_000 });
  return JSON.parse(stdout) as Record<string, number>;
}

test('what asks for all that its bytes allow is bounded in memory and comes to an end', async () => {
  const seeds = [1, ...fc.sample(fc.integer({ min: 1, max: 2 ** 31 - 1 }), 2)];
  for (const seed of seeds) {
    const outcome = await attacked(seed);
    const said = `seed ${seed}: ${JSON.stringify(outcome)}`;
    for (const came of ['values', 'skipped', 'ERR_GOB', 'ERR_GOB_TYPE', 'ERR_LIMIT_EXCEEDED'])
      assert.ok((outcome[came] ?? 0) > 0, said);
    assert.ok((outcome['maxRssMiB'] ?? Number.NaN) < 400, said);
  }
});
