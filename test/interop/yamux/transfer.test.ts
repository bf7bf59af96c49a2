import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { YamuxRole, YamuxSession } from '../../../src/transports/yamux/session.js';
import { needsGo } from '../../conformance/build-go.js';
import { defer, within } from '../../support/defer.js';
import { LONG_MS, nextStream, pattern, readAll, readExactly } from '../../transports/yamux/support.js';
import { facing } from './go-peer.js';

const go = needsGo();
const ROLES: readonly YamuxRole[] = ['client', 'server'];
const MIB = 1 << 20;
const WINDOW = 262_144;

/** One stream there and back, every byte compared. */
async function roundTrip(session: YamuxSession, sent: Buffer): Promise<void> {
  const stream = await session.open();
  stream.end(sent);
  assert.ok((await readAll(stream)).equals(sent), `${sent.length} bytes came back, or others`);
}

/** Returns what the peer sends, on every stream that it opens. */
function echo(session: YamuxSession): void {
  session.stream$.subscribe((stream) => stream.pipe(stream));
}

for (const role of ROLES) {
  for (const size of [0, 1, 1024, WINDOW, WINDOW + 1, 10 * MIB, 64 * MIB]) {
    test(`as ${role}: ${size} bytes to Go and back`, go, async () => {
      await using pair = await facing(role, ['echo']);
      await roundTrip(pair.session, pattern(size));
      assert.equal(pair.session.counts.streams, 0);
      await pair.session.close();
      assert.deepEqual(await pair.peer.result(), { streams: 1, bytes: size });
    });

    test(`as ${role}: ${size} bytes from Go and back`, go, async () => {
      await using pair = await facing(role, ['drive', 1, size]);
      echo(pair.session);
      assert.deepEqual(await pair.peer.result(), { streams: 1, left: 0 });
      await pair.session.closed;
      assert.equal(pair.session.counts.streams, 0);
    });
  }

  test(`as ${role}: 256 streams of 100 kB at once to Go and back, twice`, go, async () => {
    await using pair = await facing(role, ['echo']);
    for (let round = 0; round < 2; round++) {
      const trips = Array.from({ length: 256 }, (_, n) => roundTrip(pair.session, pattern(100_000 + n, n + 1)));
      await Promise.all(trips);
    }
    assert.equal(pair.session.counts.streams, 0);
    await pair.session.close();
    assert.equal((await pair.peer.result())['streams'], 512);
  });

  test(`as ${role}: 256 streams of 400 kB at once from Go and back`, go, async () => {
    await using pair = await facing(role, ['drive', 256, 400_000]);
    echo(pair.session);
    assert.deepEqual(await pair.peer.result(), { streams: 256, left: 0 });
  });

  test(`as ${role}: 2000 short streams from Go, one after the other`, go, async () => {
    await using pair = await facing(role, ['open', 2000]);
    echo(pair.session);
    assert.deepEqual(await pair.peer.result(), { streams: 2000, resets: 0, left: 0 });
  });

  test(`as ${role}: both sides with windows of 1 MiB`, go, async () => {
    await using pair = await facing(role, ['echo'], { windowBytes: MIB }, ['-window', String(MIB)]);
    await Promise.all([roundTrip(pair.session, pattern(10 * MIB)), roundTrip(pair.session, pattern(10 * MIB, 2))]);
  });

  for (const [mine, theirs] of [
    [WINDOW, 4 * MIB],
    [4 * MIB, WINDOW],
  ] as const) {
    test(`as ${role}: our window ${mine}, Go's ${theirs}`, go, async () => {
      await using pair = await facing(role, ['echo'], { windowBytes: mine }, ['-window', String(theirs)]);
      await roundTrip(pair.session, pattern(10 * MIB));
    });
  }

  test(`as ${role}: a slow Go reader stops our writer, and everything arrives`, go, async () => {
    await using pair = await facing(role, ['gated-sink']);
    const data = await pair.session.open();
    const gate = await pair.session.open();
    const sent = pattern(4 * MIB);
    let acknowledged = 0;
    const full = defer();
    const write = (at: number): void => {
      if (at === sent.length) data.end();
      else {
        data.write(sent.subarray(at, at + 65_536), () => {
          acknowledged += 65_536;
          if (acknowledged === 2 * WINDOW) full.resolve();
          write(at + 65_536);
        });
      }
    };
    write(0);
    await within(LONG_MS, 'the window and the queue', full.promise);
    for (let n = 0; n < 5; n++) await pair.session.ping();
    assert.equal(acknowledged, 2 * WINDOW);
    gate.end('g');
    await readAll(data);
    await readAll(gate);
    await pair.session.close();
    const sha256 = createHash('sha256').update(sent).digest('hex');
    assert.deepEqual(await pair.peer.result(), { bytes: sent.length, sha256 });
  });

  test(`as ${role}: our slow reader stops Go's writer at one window, and everything arrives`, go, async () => {
    await using pair = await facing(role, ['gated-source', 4 * MIB]);
    const data = await nextStream(pair.session);
    const gate = await nextStream(pair.session);
    const written = async (): Promise<number> => {
      gate.write('?');
      return Number((await readExactly(gate, 8)).readBigUInt64BE());
    };
    // Until Go's writer stands still.
    let before = -1;
    let now = await written();
    while (now !== before || now < WINDOW) [before, now] = [now, await written()];
    assert.equal(now, WINDOW);
    assert.ok((await readAll(data)).equals(pattern(4 * MIB)));
    assert.equal(await written(), 4 * MIB);
  });
}
