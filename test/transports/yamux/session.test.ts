import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClosedError, OptionsError, PluginCallError, ProtocolError, TransportError } from '../../../src/errors.js';
import { duplexPair } from '../../../src/testing/duplex-pair.js';
import { resolveYamuxOptions } from '../../../src/transports/yamux/options.js';
import { createYamuxSession, YamuxSession } from '../../../src/transports/yamux/session.js';
import { encodeYamuxHeader, YamuxFlag, YamuxFrameType } from '../../../src/wire/yamux/header.js';
import { within } from '../../support/defer.js';
import { event, LONG_MS, nextStream, rawPair, sessionPair, socketPair, streamPair } from './support.js';
import { synchronousPair } from './synchronous-pair.js';

const { data, windowUpdate, ping, goAway } = YamuxFrameType;
const { syn, ack, fin, rst } = YamuxFlag;
const IDLE = { streams: 0, backlog: 0, unacknowledged: 0, waitingOpens: 0, pings: 0 };

function lost(pattern: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof TransportError && error.code === 'ERR_CONNECTION_LOST' && pattern.test(error.message);
}

test('refuses an unknown role', () => {
  const [left] = duplexPair();
  assert.throws(() => createYamuxSession(left, JSON.parse('{"role":"peer"}')), OptionsError);
  left.destroy();
});

test('Y-02 a client uses odd ids, a server even ones, each growing', async () => {
  await using pair = await sessionPair();
  const ids = { client: [] as number[], server: [] as number[] };
  for (let n = 0; n < 5; n++) {
    const [mine, theirs] = await streamPair(pair.client, pair.server);
    assert.equal(theirs.id, mine.id);
    ids.client.push(mine.id);
    ids.server.push((await streamPair(pair.server, pair.client))[0].id);
  }
  assert.deepEqual(ids, { client: [1, 3, 5, 7, 9], server: [2, 4, 6, 8, 10] });
});

test('Y-02 opening a stream beyond the last id is an error', async () => {
  const [dialed, accepted] = await socketPair();
  const session = new YamuxSession(dialed, 0xfffffffb, resolveYamuxOptions({}));
  session.start();
  const peer = createYamuxSession(accepted, { role: 'server' });
  assert.equal((await session.open()).id, 0xfffffffb);
  assert.equal((await session.open()).id, 0xfffffffd);
  await assert.rejects(
    session.open(),
    (error) => error instanceof TransportError && error.code === 'ERR_DIAL' && /used up/.test(error.message),
  );
  assert.equal((await nextStream(peer)).id, 0xfffffffb);
  await Promise.all([session.close(), peer.close()]);
});

test("opening a stream sends Go's bytes, before anything is written", async () => {
  await using pair = await rawPair({ role: 'client' });
  await pair.session.open();
  assert.deepEqual(await pair.peer.next(), {
    type: windowUpdate,
    flags: syn,
    streamId: 1,
    length: 0,
    payload: Buffer.alloc(0),
  });
});

test('Y-26 announces a larger window with SYN and with ACK', async () => {
  await using pair = await rawPair({ role: 'client', windowBytes: 1 << 20 });
  await pair.session.open();
  assert.equal((await pair.peer.next()).length, (1 << 20) - 262_144);
  pair.peer.send(windowUpdate, syn, 2, 0);
  await nextStream(pair.session);
  const accepted = await pair.peer.next();
  assert.deepEqual([accepted.flags, accepted.length], [ack, (1 << 20) - 262_144]);
});

test('Y-08 echoes a ping with the same value and ACK', async () => {
  await using pair = await rawPair();
  for (const value of [0, 1, 0xffffffff]) {
    pair.peer.send(ping, syn, 0, value);
    const { type, flags, streamId, length } = await pair.peer.next();
    assert.deepEqual({ type, flags, streamId, length }, { type: ping, flags: ack, streamId: 0, length: value });
  }
});

test('measures a round trip, and several at once', async () => {
  await using pair = await sessionPair();
  const trips = await Promise.all([pair.client.ping(), pair.client.ping(), pair.server.ping()]);
  for (const trip of trips) assert.ok(trip > 0 && trip < LONG_MS, String(trip));
  assert.deepEqual(pair.client.counts, IDLE);
});

test('a ping without an answer rejects, and the session goes on', async () => {
  await using pair = await rawPair();
  await assert.rejects(
    pair.session.ping({ timeoutMs: 20 }),
    (error) => error instanceof PluginCallError && error.code === 'ERR_PING',
  );
  assert.deepEqual(pair.session.counts, IDLE);
  pair.peer.send(windowUpdate, syn, 1, 0);
  assert.equal((await nextStream(pair.session)).id, 1);
});

test('ignores answers to pings that it never sent', async () => {
  await using pair = await rawPair();
  pair.peer.send(ping, ack, 0, 77);
  pair.peer.send(ping, 0, 0, 78);
  pair.peer.send(ping, syn, 0, 79);
  assert.equal((await pair.peer.next()).length, 79);
});

test('Y-09 pings at the interval, and ends the session when no answer comes', async () => {
  await using pair = await rawPair({ keepAlive: true, keepAliveIntervalMs: 10, writeTimeoutMs: 40 });
  for (let n = 0; n < 3; n++) {
    const asked = await pair.peer.next();
    assert.deepEqual([asked.type, asked.flags, asked.length], [ping, syn, n]);
    pair.peer.send(ping, ack, 0, asked.length);
  }
  const cause = await within(LONG_MS, 'the end', pair.session.closed);
  assert.ok(lost(/keepalive ping within 40 ms/)(cause), String(cause));
  assert.ok(cause?.cause instanceof PluginCallError);
});

test('Y-20 after GO_AWAY 0 no streams are opened, and nothing else changes', async () => {
  await using pair = await rawPair();
  const opened = await pair.session.open();
  await pair.peer.next();
  pair.peer.send(goAway, 0, 0, 0);
  pair.peer.send(ping, syn, 0, 1);
  await pair.peer.next();
  await assert.rejects(
    pair.session.open(),
    (error) => error instanceof TransportError && error.code === 'ERR_DIAL' && /go-away/.test(error.message),
  );
  opened.write('still here');
  assert.equal((await pair.peer.next()).payload.toString(), 'still here');
  pair.peer.send(windowUpdate, syn, 1, 0);
  assert.equal((await nextStream(pair.session)).id, 1);
});

test('Y-20 GO_AWAY 0 fails pending opens', async () => {
  await using pair = await rawPair({ acceptBacklog: 1 });
  await pair.session.open();
  const waiting = pair.session.open();
  assert.equal(pair.session.counts.waitingOpens, 1);
  pair.peer.send(goAway, 0, 0, 0);
  await assert.rejects(waiting, /go-away/);
  assert.equal(pair.session.counts.waitingOpens, 0);
});

for (const [code, name] of [
  [1, 'protocolError'],
  [2, 'internalError'],
  [9, 'unknown'],
] as const) {
  test(`Y-20 GO_AWAY ${code} ends the session`, async () => {
    await using pair = await rawPair();
    const opened = await pair.session.open();
    const failed = event(opened, 'error');
    pair.peer.send(goAway, 0, 0, code);
    const cause = await within(LONG_MS, 'the end', pair.session.closed);
    assert.ok(lost(new RegExp(`go-away code ${code} \\(${name}\\)`))(cause), String(cause));
    assert.equal(await failed, cause);
  });
}

test('after its own go-away it resets new streams, opens its own and keeps the open ones', async () => {
  await using pair = await rawPair();
  pair.peer.send(windowUpdate, syn, 1, 0);
  const accepted = await nextStream(pair.session);
  await pair.peer.next();
  pair.session.goAway();
  pair.session.goAway();
  assert.deepEqual((await pair.peer.next()).type, goAway);
  pair.peer.send(windowUpdate, syn, 3, 0);
  const refused = await pair.peer.next();
  assert.deepEqual([refused.flags, refused.streamId], [rst, 3], 'go-away is sent once');
  accepted.write('x');
  assert.equal((await pair.peer.next()).streamId, 1);
  await pair.session.open();
  assert.deepEqual((await pair.peer.next()).flags, syn);
});

test('Y-21 the end of the connection fails all streams and pending opens, with the same error', async () => {
  await using pair = await rawPair({ role: 'client', acceptBacklog: 2 });
  const streams = [await pair.session.open(), await pair.session.open()];
  const failures = streams.map((stream) => event(stream, 'error'));
  const waiting = pair.session.open();
  const pinging = pair.session.ping();
  const refused = assert.rejects(waiting, lost(/peer closed the connection/));
  const unanswered = assert.rejects(pinging, lost(/peer closed the connection/));
  pair.peer.socket.end();
  const cause = await within(LONG_MS, 'the end', pair.session.closed);
  assert.ok(lost(/peer closed the connection/)(cause), String(cause));
  assert.deepEqual(await Promise.all(failures), [cause, cause]);
  await Promise.all([refused, unanswered]);
  await assert.rejects(pair.session.open(), (error) => error === cause);
  await assert.rejects(pair.session.ping(), (error) => error === cause);
  assert.deepEqual(pair.session.counts, IDLE);
});

test('the error for a connection that ended in the middle of a frame says so', async () => {
  await using pair = await rawPair();
  pair.peer.socket.end(Buffer.from([0, 1, 0]));
  assert.ok(lost(/in the middle of a frame/)(await pair.session.closed));
});

test('an error of the connection ends the session with that cause', async () => {
  const [left, right] = duplexPair();
  const session = createYamuxSession(left, { role: 'client' });
  const broken = new Error('cable cut');
  left.destroy(broken);
  const cause = await within(LONG_MS, 'the end', session.closed);
  assert.ok(lost(/cable cut/)(cause), String(cause));
  assert.equal(cause?.cause, broken);
  right.destroy();
});

test('a session over a destroyed connection ends at once', async () => {
  const [left, right] = duplexPair();
  left.destroy();
  await event(left, 'close');
  const session = createYamuxSession(left, { role: 'client' });
  assert.ok(lost(/closed the connection/)(await within(LONG_MS, 'the end', session.closed)));
  await assert.rejects(session.open());
  right.destroy();
});

test('close fails streams and pending opens once, sends no go-away, and is idempotent', async () => {
  await using pair = await rawPair({ acceptBacklog: 1 });
  const stream = await pair.session.open();
  let failures = 0;
  stream.on('error', () => failures++);
  const failed = event(stream, 'error');
  const waiting = assert.rejects(
    pair.session.open(),
    (error) => error instanceof ClosedError && error.code === 'ERR_CLOSED',
  );
  const closing = [pair.session.close(), pair.session.close(), pair.session[Symbol.asyncDispose]()];
  await waiting;
  assert.ok((await failed) instanceof ClosedError);
  assert.deepEqual(
    (await pair.peer.rest()).map((frame) => frame.type),
    [windowUpdate],
    'only the SYN',
  );
  pair.peer.socket.end();
  await Promise.all(closing);
  assert.equal(await pair.session.closed, undefined);
  assert.equal(failures, 1);
  assert.deepEqual(pair.session.counts, IDLE);
});

test('close first writes the data that streams have queued', async () => {
  await using pair = await rawPair({ role: 'client' });
  const stream = await pair.session.open();
  for (let n = 0; n < 10; n++) stream.write(`line ${n};`);
  void pair.session.close();
  const frames = await pair.peer.rest();
  const text = Buffer.concat(frames.filter((frame) => frame.type === data).map((frame) => frame.payload)).toString();
  assert.equal(text, Array.from({ length: 10 }, (_, n) => `line ${n};`).join(''));
});

test('close is done in bounded time when the peer neither reads nor closes', async () => {
  await using pair = await rawPair({ role: 'client' });
  pair.peer.socket.pause();
  const stream = await pair.session.open();
  stream.write(Buffer.alloc(1 << 20));
  await within(LONG_MS, 'close', pair.session.close());
});

test('the first cause of the end is kept', async () => {
  await using pair = await rawPair();
  pair.peer.send(goAway, 0, 0, 2);
  pair.peer.send(goAway, 0, 0, 1);
  pair.peer.socket.end();
  assert.ok(lost(/code 2/)(await pair.session.closed));
  await pair.session.close();
  assert.ok(lost(/code 2/)(await pair.session.closed));
});

test('Y-22 a stream that is not acknowledged in time ends the session', async () => {
  await using pair = await rawPair({ role: 'client', openTimeoutMs: 30 });
  await pair.session.open();
  const cause = await within(LONG_MS, 'the end', pair.session.closed);
  assert.ok(lost(/did not accept yamux stream 1 within 30 ms/)(cause), String(cause));
});

test('Y-22 an acknowledged, a half-closed and a destroyed stream do not end it', async () => {
  await using pair = await rawPair({ role: 'client', openTimeoutMs: 30 });
  const acknowledged = await pair.session.open();
  pair.peer.send(windowUpdate, ack, acknowledged.id, 0);
  (await pair.session.open()).end();
  (await pair.session.open()).destroy();
  // Twice the time, measured by the session's own timers: two pings that fail one after the other.
  for (let n = 0; n < 2; n++) await assert.rejects(pair.session.ping({ timeoutMs: 31 }), PluginCallError);
  assert.equal(pair.session.counts.streams, 2);
});

test('no more streams than the backlog are unacknowledged; the others are opened later, in order', async () => {
  await using pair = await rawPair({ role: 'client', acceptBacklog: 2 });
  const opened: number[] = [];
  const opens = Array.from({ length: 5 }, () => pair.session.open().then((stream) => opened.push(stream.id)));
  assert.deepEqual([(await pair.peer.next()).streamId, (await pair.peer.next()).streamId], [1, 3]);
  assert.deepEqual(pair.session.counts, { ...IDLE, streams: 2, unacknowledged: 2, waitingOpens: 3 });
  pair.peer.send(windowUpdate, ack, 1, 0);
  assert.equal((await pair.peer.next()).streamId, 5);
  pair.peer.send(windowUpdate, ack, 1, 0);
  pair.peer.send(windowUpdate, rst, 3, 0);
  assert.equal((await pair.peer.next()).streamId, 7, 'a second ACK frees nothing, a reset does');
  pair.peer.send(data, ack, 5, 0);
  assert.equal((await pair.peer.next()).streamId, 9, 'an ACK on a data frame counts');
  await Promise.all(opens);
  assert.deepEqual(opened, [1, 3, 5, 7, 9]);
});

test('an abort ends a waiting open, which no longer counts', async () => {
  await using pair = await rawPair({ role: 'client', acceptBacklog: 1 });
  const reason = new Error('no longer needed');
  await assert.rejects(pair.session.open({ signal: AbortSignal.abort(reason) }), reason);
  await pair.session.open();
  const controller = new AbortController();
  const given = pair.session.open({ signal: controller.signal });
  const patient = pair.session.open({ signal: new AbortController().signal });
  controller.abort(reason);
  await assert.rejects(given, reason);
  await pair.peer.next();
  pair.peer.send(windowUpdate, ack, 1, 0);
  assert.equal((await patient).id, 3);
  const odd = new AbortController();
  const third = pair.session.open({ signal: odd.signal });
  odd.abort('just text');
  await assert.rejects(
    third,
    (error) => error instanceof ClosedError && error.code === 'ERR_ABORTED' && error.cause === 'just text',
  );
});

for (const [what, type, flags, id, length] of [
  ['Y-18 a second SYN for a live id', windowUpdate, syn, 1, 0],
  ['a SYN with an id of ours', windowUpdate, syn, 2, 0],
  ['a SYN with id 0', data, syn, 0, 0],
  ['a second FIN', windowUpdate, fin, 1, 0],
  ['Y-11 a data frame beyond the window', data, 0, 1, 262_145],
  ['Y-11 a data frame of 4 GiB', data, 0, 1, 0xffffffff],
  ['Y-11 an opening data frame beyond the window', data, syn, 3, 262_145],
  ['Y-19 an unknown type', 4, 0, 1, 0],
] as const) {
  test(`${what} is a protocol error: streams fail, go-away 1 is sent, the connection ends`, async () => {
    await using pair = await rawPair();
    pair.peer.send(windowUpdate, syn, 1, 0);
    const accepted = await nextStream(pair.session);
    const failed = event(accepted, 'error');
    if (what === 'a second FIN') pair.peer.send(windowUpdate, fin, 1, 0);
    pair.peer.send(type, flags, id, length);
    const rest = await pair.peer.rest();
    assert.deepEqual([rest.at(-1)!.type, rest.at(-1)!.length], [goAway, 1]);
    pair.peer.socket.end();
    const cause = await within(LONG_MS, 'the end', pair.session.closed);
    assert.ok(
      cause instanceof ProtocolError && cause.code === 'ERR_YAMUX_PROTOCOL' && cause.wireCode === 1,
      String(cause),
    );
    if (what !== 'a second FIN') assert.equal(await failed, cause);
    assert.deepEqual(pair.session.counts, IDLE);
  });
}

test('Y-19 an unknown version ends the session', async () => {
  await using pair = await rawPair();
  const header = encodeYamuxHeader({ type: ping, flags: syn, streamId: 0, length: 0 });
  header[0] = 1;
  pair.peer.socket.write(header);
  const cause = await within(LONG_MS, 'the end', pair.session.closed);
  assert.ok(cause instanceof ProtocolError && /version 1/.test(cause.message));
});

test('Y-17 frames for unknown streams are ignored, with their payload', async () => {
  await using pair = await rawPair();
  pair.peer.send(data, 0, 99, 1 << 20, Buffer.alloc(1 << 20, 0xff));
  pair.peer.send(windowUpdate, 0, 99, 5);
  pair.peer.send(windowUpdate, fin, 99, 0);
  pair.peer.send(windowUpdate, rst, 99, 0);
  pair.peer.send(windowUpdate, ack, 2, 0);
  pair.peer.send(ping, syn, 0, 5);
  assert.equal((await pair.peer.next()).type, ping);
  assert.deepEqual(pair.session.counts, IDLE);
});

test('carries a session in memory, where writes deliver within the same process', async () => {
  await using pair = await sessionPair({}, duplexPair());
  const [opened, accepted] = await streamPair(pair.client, pair.server);
  opened.write('over');
  assert.equal(String(await event(accepted, 'data')), 'over');
});

test('never delivers from inside a write, even when the connection does', async () => {
  await using pair = await sessionPair({}, synchronousPair());
  const [opened, other] = await streamPair(pair.client, pair.server);
  let isWriting = false;
  const got = new Promise<boolean>((resolve) => other.on('data', () => resolve(isWriting)));
  await pair.client.ping();
  // A turn of its own, in which the first frame is written at once.
  await new Promise((resolve) => setImmediate(resolve));
  isWriting = true;
  opened.write('now');
  isWriting = false;
  assert.equal(await within(LONG_MS, 'the data', got), false);
});

test('an unreferenced session does not hold its connection, and holds it again after ref', async () => {
  await using pair = await rawPair();
  const refs: boolean[] = [];
  const [left, right] = duplexPair();
  const counting = Object.assign(left, { ref: () => refs.push(true), unref: () => refs.push(false) });
  const session = createYamuxSession(counting, { role: 'client' });
  session.unref();
  session.ref();
  assert.deepEqual(refs, [false, true]);
  right.end();
  await session.close();
  right.destroy();
  pair.session.unref();
  pair.session.ref();
  const [plain, other] = duplexPair();
  const silent = createYamuxSession(plain, { role: 'client' });
  silent.unref();
  silent.ref();
  other.end();
  await silent.close();
  other.destroy();
});
