import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { DEFAULT_HTTP2_OPTIONS } from '../../../../src/transports/http2/options.js';
import { KeepAlive } from '../../../../src/transports/http2/session/keep-alive.js';
import { Pings } from '../../../../src/transports/http2/session/pings.js';
import { testEnv } from '../../../fixtures/fixture.js';
import { blockLoop } from '../../../support/block-loop.js';

const TIMEOUT_MS = 800;
const BLOCK_MS = 1000;
/** Another process that answers at once, whatever this one does. */
let peer: ChildProcess;

before(async () => {
  peer = spawn(process.execPath, ['-e', 'process.stdin.pipe(process.stdout)'], { env: testEnv() });
  peer.stdin!.write('ready');
  await once(peer.stdout!, 'data');
});

after(async () => {
  peer.stdin!.end();
  await once(peer, 'exit');
});

test('a PING whose answer came while the event loop was blocked is answered', async () => {
  const pings = new Pings((data) => peer.stdin!.write(data));
  peer.stdout!.once('data', (data: Buffer) => pings.onAck(data, 0));
  const roundTrip = pings.ping(TIMEOUT_MS);
  blockLoop(BLOCK_MS);
  assert.ok((await roundTrip) >= 0);
});

test('SETTINGS whose acknowledgement came while the event loop was blocked are acknowledged', async () => {
  const failures: Error[] = [];
  const keepAlive = new KeepAlive({
    ...DEFAULT_HTTP2_OPTIONS,
    settingsTimeoutMs: TIMEOUT_MS,
    keepAliveMs: 0,
    received: () => 0,
    mayPing: () => false,
    ping: () => Promise.resolve(),
    fail: (error) => failures.push(error),
  });
  const acknowledged = once(peer.stdout!, 'data').then(() => keepAlive.onSettingsAcknowledged());
  peer.stdin!.write('acknowledge');
  blockLoop(BLOCK_MS);
  await acknowledged;
  keepAlive.stop();
  assert.deepEqual(failures, []);
});
