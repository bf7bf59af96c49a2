import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { test } from 'node:test';
import { filter, firstValueFrom } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { KvStore } from '../../examples/grpc-kv/kv-store.js';
import { createClient } from '../../src/index.js';
import { inProcessRunner } from '../../src/testing/index.js';
import { blockLoop } from '../support/block-loop.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const bounded = <T>(what: string, promise: Promise<T>): Promise<T> => within(20_000, what, promise);
const TIMEOUT_MS = 2500;
const BLOCK_MS = 2800;

for (const phase of ['handshaking', 'connecting'])
  test(`a start succeeds although the host is blocked for longer than startTimeoutMs while ${phase}`, async () => {
    const runner = inProcessRunner({ handshake, plugins: { kv: KvStore } });
    const client = createClient({ runner, handshake, plugins, startTimeoutMs: TIMEOUT_MS });
    const isPhase$ = client.state$.pipe(filter((state) => state.status === 'starting' && state.phase === phase));
    isPhase$.subscribe(() => blockLoop(BLOCK_MS));
    await bounded('the start', client.start());
    await client.stop();
    assertTempDirEmpty();
  });

test('a host that is blocked for longer than stopGraceMs during a stop does not kill a plugin that is about to answer', async () => {
  const onShutdown = async (): Promise<void> => {
    blockLoop(BLOCK_MS);
    // The plugin still has some I/O to do before it answers.
    for (let count = 0; count < 5; count += 1) await stat(process.execPath);
  };
  const runner = inProcessRunner({ handshake, plugins: { kv: KvStore }, onShutdown });
  const client = createClient({ runner, handshake, plugins, stopGraceMs: TIMEOUT_MS });
  await client.start();
  await bounded('the stop', client.stop());
  assert.deepEqual(await firstValueFrom(client.exit$), { code: 0, signal: null });
  assertTempDirEmpty();
});

test('a ping is answered although the host is blocked for longer than pingTimeoutMs before it is sent', async () => {
  const runner = inProcessRunner({ handshake, plugins: { kv: KvStore } });
  const client = createClient({ runner, handshake, plugins, pingTimeoutMs: TIMEOUT_MS });
  await client.start();
  try {
    const answer = client.ping();
    blockLoop(BLOCK_MS);
    await bounded('the answer', answer);
  } finally {
    await client.stop();
  }
  assertTempDirEmpty();
});
