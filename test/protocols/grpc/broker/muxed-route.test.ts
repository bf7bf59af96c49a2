import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { BrokerLink } from '../../../../src/protocols/grpc/broker/link.js';
import { MuxedRoute } from '../../../../src/protocols/grpc/broker/muxed-route.js';
import { MuxedStreams } from '../../../../src/protocols/grpc/broker/muxed-streams.js';
import type { ConnInfo } from '../../../../src/protocols/grpc/gen/internal/plugin/grpc_broker.js';
import { duplexPair } from '../../../../src/testing/index.js';
import { createYamuxSession } from '../../../../src/transports/yamux/session.js';
import { hasCode, settled } from '../../../contracts/broker.js';

const knock = (serviceId: number, ack: boolean, error = ''): ConnInfo => ({
  serviceId,
  network: '',
  address: '',
  knock: { knock: true, ack, error },
});

/** A route whose peer is the test, with a real session between them. */
function rig(timeoutMs = 5000) {
  const [near, far] = duplexPair();
  const peer = createYamuxSession(far, { role: 'client' });
  const session = createYamuxSession(near, { role: 'server' });
  const link = new BrokerLink({ timeoutMs });
  const streams = new MuxedStreams(Promise.resolve(session), { expectMs: timeoutMs });
  const route = new MuxedRoute({ link, streams, timeoutMs });
  const sent: ConnInfo[] = [];
  link.outgoing$.subscribe((message) => sent.push(message));
  link.opened();
  const opened: Duplex[] = [];
  peer.stream$.subscribe((stream) => opened.push(stream));
  const dial = async (id: number) => (await route.dialer(id)).dial();
  const close = async () => {
    await Promise.all([session.close(), peer.close()]);
  };
  return { link, route, streams, sent, opened, peer, session, dial, [Symbol.asyncDispose]: close };
}

test('M-03 M-04 a dialer knocks, waits for the answer and opens one stream', async () => {
  await using end = rig();
  const dialed = end.dial(7);
  await settled(() => end.sent.length === 1);
  assert.deepEqual(end.sent, [knock(7, false)]);
  await end.session.ping();
  assert.equal(end.opened.length, 0);
  end.link.receive(knock(7, true));
  await dialed;
  await settled(() => end.opened.length === 1);
  assert.equal(end.route.pending, 0);
});

test('M-07 dials of one side go one after the other', async () => {
  await using end = rig();
  const dialed = [end.dial(1), end.dial(2), end.dial(3)];
  for (const id of [1, 2, 3]) {
    await settled(() => end.sent.length === id);
    await end.session.ping();
    assert.deepEqual(end.sent.at(-1), knock(id, false));
    end.link.receive(knock(id, true));
    await dialed[id - 1];
  }
  await settled(() => end.opened.length === 3);
});

test('M-05 M-06 without an answer, or with a refusal, dialing fails and no stream is opened', async () => {
  await using end = rig(50);
  await assert.rejects(end.dial(1), hasCode('ERR_BROKER_TIMEOUT'));
  const refused = end.dial(2);
  await settled(() => end.sent.length === 2);
  end.link.receive(knock(2, true, 'no listener for id 2'));
  await assert.rejects(refused, /no listener for id 2/);
  assert.equal(end.session.counts.streams, 0);
});

test('a late answer gets its stream, because the peer expects it', async () => {
  await using end = rig(50);
  await assert.rejects(end.dial(1), hasCode('ERR_BROKER_TIMEOUT'));
  end.link.receive(knock(1, true));
  await settled(() => end.opened.length === 1);
  await settled(() => end.opened[0]!.destroyed && end.session.counts.streams === 0);
});

test('a dial that is aborted after its knock still opens its stream, and closes it', async () => {
  await using end = rig();
  const abort = new AbortController();
  const dialed = (await end.route.dialer(1)).dial({ signal: abort.signal });
  await settled(() => end.sent.length === 1);
  const reason = new Error('given up');
  abort.abort(reason);
  await assert.rejects(dialed, reason);
  end.link.receive(knock(1, true));
  await settled(() => end.opened.length === 1);
  await settled(() => end.opened[0]!.destroyed && end.session.counts.streams === 0);
});

test('M-02 M-08 M-11 M-12 the next stream after a knock belongs to it; a stream without a knock belongs to the main server', async () => {
  await using end = rig();
  const [accepted, main]: [Duplex[], Duplex[]] = [[], []];
  end.streams.mainStream$.subscribe((stream) => main.push(stream));
  const listener = await end.route.listen(5);
  const listening = listener.connection$.subscribe((stream) => accepted.push(stream));
  await end.peer.open();
  await settled(() => main.length === 1);
  for (const count of [1, 2]) {
    end.link.receive(knock(5, false));
    await settled(() => end.sent.length === count);
    assert.deepEqual(end.sent.at(-1), knock(5, true));
    await end.peer.open();
    await settled(() => accepted.length === count);
  }
  await end.peer.open();
  await settled(() => main.length === 2);
  assert.equal(accepted.length, 2);
  listening.unsubscribe();
});

test('a knock whose stream never comes does not take the stream of the next one', async () => {
  await using end = rig();
  const accepted: string[] = [];
  for (const id of [1, 2]) (await end.route.listen(id)).connection$.subscribe(() => accepted.push(`id ${id}`));
  end.link.receive(knock(1, false));
  end.link.receive(knock(2, false));
  await end.peer.open();
  await settled(() => accepted.length === 1);
  assert.deepEqual(accepted, ['id 2']);
});

test('M-09 M-10 a knock waits for an accept, gets no answer without one, and is refused for an id that was used', async () => {
  await using end = rig(200);
  end.link.receive(knock(1, false));
  end.link.receive(knock(2, false));
  assert.equal(end.route.pending, 2);
  const listening = (await end.route.listen(1)).connection$.subscribe();
  await settled(() => end.sent.length === 1);
  assert.deepEqual(end.sent, [knock(1, true)]);
  await settled(() => end.route.pending === 0);
  const late = (await end.route.listen(2)).connection$.subscribe();
  await end.session.ping();
  assert.equal(end.sent.length, 1);
  listening.unsubscribe();
  late.unsubscribe();
  end.link.receive(knock(1, false));
  await settled(() => end.sent.length === 2);
  assert.deepEqual(end.sent[1], knock(1, true, 'no listener for id 1'));
});

test('the number of knocks that wait is limited', async () => {
  await using end = rig();
  for (let id = 0; id < 5000; id++) end.link.receive(knock(id, false));
  assert.equal(end.route.pending, 1024);
  assert.equal(end.sent.length, 0);
  end.link.end();
  assert.equal(end.route.pending, 0);
});

test('a peer that dies in the middle of a knock fails the dial at once', async () => {
  await using end = rig();
  const dialed = end.dial(1);
  await settled(() => end.sent.length === 1);
  await end.peer.close();
  end.link.end('the peer is gone');
  await assert.rejects(dialed, hasCode('ERR_CLOSED'));
  assert.equal(end.route.pending, 0);
  await assert.rejects(end.route.listen(2), hasCode('ERR_CLOSED'));
});
