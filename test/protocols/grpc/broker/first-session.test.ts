import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { firstSession } from '../../../../src/protocols/grpc/broker/first-session.js';
import { memoryTransport } from '../../../../src/testing/index.js';
import { dialerTo } from '../../../../src/transports/sockets/dial.js';
import { socketTransport } from '../../../../src/transports/sockets/socket-transport.js';
import { createYamuxSession } from '../../../../src/transports/yamux/session.js';
import { hasCode } from '../../../contracts/broker.js';
import { ownTempDir } from '../../../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();

test('M-01 the first connection that sends something is that of the host; silent and later ones are closed', async () => {
  const listener = await socketTransport({ network: 'unix' }).listen();
  const accepted = firstSession(listener, 20_000);
  const dialer = dialerTo(listener.address);
  (await dialer.dial()).destroy();
  const silent = await dialer.dial();
  const host = createYamuxSession(await dialer.dial(), { role: 'client' });
  const stream = await host.open();
  const session = await accepted;
  const silentClosed = silent.closed ? Promise.resolve() : once(silent.resume(), 'close');
  await silentClosed;
  await assert.rejects(dialer.dial(), hasCode('ERR_DIAL'));
  assert.ok((await host.ping()) >= 0);
  stream.destroy();
  await Promise.all([host.close(), session.close()]);
  assertTempDirEmpty();
});

test('there is no session without a host in time, or when the listener is closed', async () => {
  await assert.rejects(firstSession(await memoryTransport().listen(), 20), hasCode('ERR_CONNECTION_LOST'));
  const listener = await memoryTransport().listen();
  const accepted = firstSession(listener, 20_000);
  await Promise.all([listener.close(), assert.rejects(accepted, hasCode('ERR_CLOSED'))]);
});
