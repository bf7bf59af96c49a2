import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { createClient } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
/** Longer than the test may take: a plugin that is killed has not ended by itself. */
const ENDLESS_MS = 600_000;

test('a server that waits for its running calls ends by itself, and its last output arrives', async () => {
  const command = fixture('stops-gracefully');
  const client = createClient({ command, handshake, plugins, stopGraceMs: ENDLESS_MS });
  const output = lastValueFrom(client.syncStdout$.pipe(toArray()));
  const exit = firstValueFrom(client.exit$);
  await client.start();
  await within(60_000, 'the stop', client.stop());
  assert.deepEqual(await exit, { code: 7, signal: null });
  assert.equal(Buffer.concat(await output).toString(), 'last words');
  assertTempDirEmpty();
});
