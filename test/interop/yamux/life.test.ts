import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransportError } from '../../../src/errors.js';
import type { YamuxRole } from '../../../src/transports/yamux/session.js';
import { needsGo } from '../../conformance/build-go.js';
import { within } from '../../support/defer.js';
import { event, LONG_MS, nextStream, pattern, readAll, readExactly } from '../../transports/yamux/support.js';
import { facing } from './go-peer.js';

const go = needsGo();
const ROLES: readonly YamuxRole[] = ['client', 'server'];
const MIB = 1 << 20;

for (const role of ROLES) {
  for (const manner of ['exit', 'session', 'torn'] as const) {
    test(
      `as ${role}: Go ends abruptly (${manner}): what it had written can be read, then streams and opens fail`,
      go,
      async () => {
        await using pair = await facing(role, ['abrupt', manner]);
        const stream = await pair.session.open();
        const other = await pair.session.open();
        const failures = [event(stream, 'error'), event(other, 'error')];
        other.resume();
        stream.write('x');
        assert.equal(String(await readExactly(stream, 10)), 'last words');
        const cause = await within(LONG_MS, 'the end', pair.session.closed);
        assert.ok(cause instanceof TransportError && cause.code === 'ERR_CONNECTION_LOST', String(cause));
        stream.resume();
        assert.deepEqual(await Promise.all(failures), [cause, cause]);
        await assert.rejects(pair.session.open(), (error) => error === cause);
        assert.equal(pair.session.counts.streams, 0);
      },
    );
  }

  test(`as ${role}: Go is killed in the middle of a transfer`, go, async () => {
    await using pair = await facing(role, ['echo']);
    const stream = await pair.session.open();
    stream.on('error', () => {});
    const feed = (): void => void stream.write(pattern(65_536), (error) => error ?? feed());
    feed();
    stream.once('data', () => pair.peer.process.kill('SIGKILL'));
    const cause = await within(LONG_MS, 'the end', pair.session.closed);
    assert.ok(cause instanceof TransportError && cause.code === 'ERR_CONNECTION_LOST', String(cause));
    assert.equal(pair.session.counts.streams, 0);
  });

  test(`as ${role}: we end abruptly in the middle of a transfer; Go comes to its end`, go, async () => {
    await using pair = await facing(role, ['echo']);
    const stream = await pair.session.open();
    stream.on('error', () => {});
    stream.write(pattern(MIB));
    await event(stream, 'data');
    pair.peer.socket.destroy();
    await pair.session.closed;
    assert.equal((await pair.peer.result())['streams'], 1);
  });

  test(`as ${role}: a Go stream that half-closes first is written to until we end`, go, async () => {
    await using pair = await facing(role, ['close-first']);
    const stream = await pair.session.open();
    assert.equal((await readAll(stream)).length, 0);
    assert.equal(stream.destroyed, false);
    stream.end(pattern(3 * MIB));
    await event(stream, 'close');
    await pair.session.ping();
    assert.equal(pair.session.counts.streams, 0);
    await pair.session.close();
    assert.deepEqual(await pair.peer.result(), { bytes: 3 * MIB, left: 0 });
  });

  test(`as ${role}: Go's half close after ours ends the stream on both sides`, go, async () => {
    await using pair = await facing(role, ['abrupt', 'stream']);
    const stream = await pair.session.open();
    stream.end('x');
    assert.equal(String(await readAll(stream)), 'last words');
    assert.equal(pair.session.counts.streams, 0);
  });

  test(`as ${role}: a stream that we reset is reset in Go, and the session goes on`, go, async () => {
    await using pair = await facing(role, ['open', 3]);
    for (let n = 0; n < 3; n++) {
      const stream = await nextStream(pair.session);
      if (n === 1) stream.destroy(new Error('not wanted'));
      else stream.pipe(stream);
    }
    assert.deepEqual(await pair.peer.result(), { streams: 3, resets: 1, left: 0 });
  });

  test(`as ${role}: Go resets a stream that we half-closed and it did not, after its close timeout`, go, async () => {
    await using pair = await facing(role, ['close-first'], {}, ['-close-timeout', '50ms']);
    const stream = await pair.session.open();
    stream.resume();
    const error = await event(stream, 'error');
    assert.ok(error instanceof TransportError && /reset/.test(error.message), String(error));
    assert.equal(pair.session.counts.streams, 0);
  });

  test(`as ${role}: pings of Go are answered, ours by Go, under load`, go, async () => {
    await using pair = await facing(role, ['echo']);
    const stream = await pair.session.open();
    stream.pipe(stream);
    stream.write(pattern(100_000));
    for (let n = 0; n < 50; n++) assert.ok((await pair.session.ping()) >= 0);
    stream.destroy();
    await using pinged = await facing(role, ['ping', 200]);
    assert.deepEqual(await pinged.peer.result(), { pings: 200 });
  });

  test(`as ${role}: Go's keepalive is satisfied, and ours by Go`, go, async () => {
    const flags = ['-keepalive', '5ms', '-write-timeout', '20s'];
    await using pair = await facing(role, ['echo'], { keepAliveIntervalMs: 5 }, flags);
    const stream = await pair.session.open();
    stream.end(pattern(20 * MIB));
    assert.equal((await readAll(stream)).length, 20 * MIB);
    await pair.session.close();
    assert.equal(await pair.session.closed, undefined);
  });

  test(`as ${role}: after Go's go-away our opens fail, its opens and all streams go on`, go, async () => {
    await using pair = await facing(role, ['go-away']);
    const first = await pair.session.open();
    const theirs = await nextStream(pair.session);
    await assert.rejects(pair.session.open(), /go-away/);
    first.write('first');
    theirs.write('theirs');
    assert.equal(String(await readExactly(first, 5)), 'first');
    assert.equal(String(await readExactly(theirs, 6)), 'theirs');
  });

  test(`as ${role}: after our go-away Go cannot open, but the session stays`, go, async () => {
    await using pair = await facing(role, ['idle']);
    pair.session.goAway();
    await pair.session.ping();
    await pair.session.close();
    assert.deepEqual(await pair.peer.result(), { left: 0 });
  });

  test(`as ${role}: we open more streams than Go's backlog holds, and none is reset`, go, async () => {
    await using pair = await facing(role, ['unaccepting', 256, 600]);
    const streams = Array.from({ length: 600 }, async () => {
      const stream = await pair.session.open();
      stream.end();
      return readAll(stream);
    });
    assert.ok((await Promise.all(streams)).every((bytes) => bytes.length === 0));
    await pair.session.close();
    assert.deepEqual(await pair.peer.result(), { seen: 256 });
  });

  test(`as ${role}: a smaller backlog in Go than ours resets the excess, and the session goes on`, go, async () => {
    await using pair = await facing(role, ['idle'], {}, ['-backlog', '2']);
    const streams = await Promise.all(Array.from({ length: 5 }, () => pair.session.open()));
    await Promise.all(streams.slice(2).map((stream) => event(stream, 'error')));
    assert.deepEqual(
      streams.map(({ destroyed }) => destroyed),
      [false, false, true, true, true],
    );
    await pair.session.ping();
  });

  test(`as ${role}: Go gives the session up when we do not accept in time`, go, async () => {
    await using other = await facing(role, ['gated-source', 1], {}, ['-open-timeout', '50ms']);
    const cause = await within(LONG_MS, 'the end', other.session.closed);
    assert.ok(cause instanceof TransportError && cause.code === 'ERR_CONNECTION_LOST', String(cause));
    assert.equal(other.session.counts.backlog, 0);
  });
}
