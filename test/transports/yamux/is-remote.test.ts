import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { Duplex } from 'node:stream';
import { mock, test } from 'node:test';
import { duplexPair } from '../../../src/testing/duplex-pair.js';
import { isRemote } from '../../../src/transports/yamux/is-remote.js';
import type { YamuxOptions } from '../../../src/transports/yamux/options.js';
import { createYamuxSession, type YamuxSession } from '../../../src/transports/yamux/session.js';
import { socketPair } from './support.js';

const from = (remoteAddress: string) => Object.assign(duplexPair()[0], { remoteAddress });

test('a peer is remote when its address is known and not loopback', () => {
  for (const address of ['10.0.0.7', '192.168.1.1', 'fe80::1', '2001:db8::1', '::ffff:10.0.0.7'])
    assert.equal(isRemote(from(address)), true, address);
  for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])
    assert.equal(isRemote(from(address)), false, address);
  assert.equal(isRemote(duplexPair()[0]), false);
});

test('a unix socket and a loopback port are not remote', async () => {
  const unix = await socketPair();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as { port: number }).port, '127.0.0.1');
  const [far] = await once(server, 'connection');
  server.close();
  for (const socket of [...unix, near, far]) {
    assert.equal(isRemote(socket), false);
    socket.destroy();
  }
});

/** Both ends of a connection, the far one only where it reads. */
type Ends = readonly [near: Duplex, far?: Duplex];

interface Outcome {
  /** Bytes that the session has sent. */
  readonly sent: number;
  readonly isOver: boolean;
}

/** Takes no bytes. */
const full = (): Duplex => new Duplex({ read: () => {}, write: () => {} });

/** What has become of a session after an hour in which its peer sent nothing. `use` is what this end does before. */
async function afterAnHour(
  remoteAddress: string,
  options: YamuxOptions = {},
  { connection = duplexPair(), use }: { connection?: Ends; use?: (session: YamuxSession) => Promise<void> } = {},
): Promise<Outcome> {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const [near, far] = connection;
    let sent = 0;
    far?.on('data', (chunk: Uint8Array) => {
      sent += chunk.length;
    });
    const session = createYamuxSession(Object.assign(near, { remoteAddress }), { ...options, role: 'client' });
    await use?.(session);
    for (let minute = 0; minute < 60; minute++) {
      mock.timers.tick(60_000);
      // An expired timeout reads once more before it counts.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    const outcome = { sent, isOver: near.writableEnded || near.destroyed };
    const closed = session.close();
    mock.timers.tick(10_000);
    near.destroy();
    await closed;
    return outcome;
  } finally {
    mock.timers.reset();
  }
}

test('a session pings a peer on another machine by itself, and none on this one', async () => {
  assert.equal((await afterAnHour('127.0.0.1')).sent, 0);
  assert.ok((await afterAnHour('10.0.0.7')).sent > 0);
  assert.ok((await afterAnHour('127.0.0.1', { keepAlive: true })).sent > 0);
  assert.equal((await afterAnHour('10.0.0.7', { keepAlive: false })).sent, 0);
});

test('a session waits for a peer on this machine that accepts no stream, unless it is told how long', async () => {
  const use = async (session: YamuxSession) => {
    (await session.open()).on('error', () => {});
  };
  assert.equal((await afterAnHour('127.0.0.1', {}, { use })).isOver, false);
  assert.equal((await afterAnHour('10.0.0.7', { keepAlive: false }, { use })).isOver, true);
  assert.equal((await afterAnHour('127.0.0.1', { openTimeoutMs: 75_000 }, { use })).isOver, true);
});

test('a session waits for a peer on this machine that takes no bytes, unless it is told how long', async () => {
  const use = async (session: YamuxSession) => {
    (await session.open()).on('error', () => {}).write(Buffer.alloc(1 << 20));
  };
  const blocked = (remoteAddress: string, options: YamuxOptions) =>
    afterAnHour(remoteAddress, options, { use, connection: [full()] });
  assert.equal((await blocked('127.0.0.1', {})).isOver, false);
  assert.equal((await blocked('10.0.0.7', { keepAlive: false, openTimeoutMs: 36_000_000 })).isOver, true);
  assert.equal((await blocked('127.0.0.1', { writeTimeoutMs: 10_000 })).isOver, true);
});
