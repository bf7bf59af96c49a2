import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { BrokerLink } from '../../../../src/protocols/grpc/broker/link.js';
import { SocketRoute } from '../../../../src/protocols/grpc/broker/socket-route.js';
import type { ConnInfo } from '../../../../src/protocols/grpc/gen/internal/plugin/grpc_broker.js';
import type { BrokerNetwork } from '../../../../src/protocols/protocol.js';
import { socketTransport } from '../../../../src/transports/sockets/socket-transport.js';
import { SAME_ADDRESSES } from '../../../../src/wire/handshake/address.js';
import { SILENT_LOGGER } from '../../../../src/wire/logs/logger.js';
import { hasCode, settled } from '../../../contracts/broker.js';
import { ownTempDir } from '../../../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const offer = (serviceId: number, network: string, address: string): ConnInfo => ({
  serviceId,
  network,
  address,
  knock: undefined,
});

/** A route whose peer is the test: what it is sent, and what it says. */
function rig(translator: Partial<BrokerNetwork> = {}, timeoutMs = 5000) {
  const transport = socketTransport({ network: 'unix' });
  const link = new BrokerLink({ timeoutMs });
  const dialed: unknown[] = [];
  const network: BrokerNetwork = {
    ...SAME_ADDRESSES,
    listen: () => transport.listen(),
    dialerTo: (address) => {
      dialed.push(address);
      return { dial: (options) => transport.dial(address, options) };
    },
    ...translator,
  };
  const route = new SocketRoute({ link, network, timeoutMs, logger: SILENT_LOGGER });
  const sent: ConnInfo[] = [];
  link.outgoing$.subscribe((message) => sent.push(message));
  return { link, route, sent, dialed };
}

test('B-02 accepting announces the id, the network and the address of a new listener', async () => {
  const { link, route, sent } = rig();
  link.opened();
  const first = await route.listen(7);
  const second = await route.listen(8);
  assert.deepEqual(sent, [offer(7, 'unix', first.address.address), offer(8, 'unix', second.address.address)]);
  assert.notEqual(first.address.address, second.address.address);
  assert.ok(existsSync(first.address.address));
  await Promise.all([first.close(), second.close()]);
  assertTempDirEmpty();
});

test('what nobody has connected to is offered again when a lost stream goes on', async () => {
  const { link, route, sent } = rig();
  link.opened();
  const [used, unused, closed] = [await route.listen(1), await route.listen(2), await route.listen(3)];
  const connected = firstValueFrom(used.connection$);
  const client = connect(used.address.address);
  (await connected).destroy();
  client.destroy();
  await closed.close();
  sent.length = 0;
  link.lost();
  const waiting = route.listen(4);
  link.opened();
  const last = await waiting;
  await settled(() => sent.length === 2);
  assert.deepEqual(new Set(sent.map(({ serviceId }) => serviceId)), new Set([2, 4]));
  await Promise.all([used, unused, last].map((listener) => listener.close()));
  assertTempDirEmpty();
});

test('B-09 addresses are translated before they are sent and before they are dialed', async () => {
  const { link, route, sent, dialed } = rig({
    hostToPlugin: () => ({ network: 'tcp', address: 'host:1' }),
    pluginToHost: ({ address }) => Promise.resolve({ network: 'unix', address: `/mnt${address}` }),
  });
  link.opened();
  const listener = await route.listen(1);
  assert.deepEqual(sent, [offer(1, 'tcp', 'host:1')]);
  link.receive(offer(1, 'unix', '/x'));
  await route.dialer(1);
  assert.deepEqual(dialed, [{ network: 'unix', address: '/mnt/x' }]);
  await listener.close();
});

test('B-13 dialing fails for an unknown network and a failing translation, and listening leaves nothing behind', async () => {
  const failing = () => {
    throw new Error('no such place');
  };
  const plain = rig();
  plain.link.receive(offer(1, 'pigeon', 'x'));
  await assert.rejects(plain.route.dialer(1), hasCode('ERR_BROKER'));
  const { link, route } = rig({ hostToPlugin: failing, pluginToHost: failing });
  link.opened();
  link.receive(offer(1, 'unix', '/x'));
  await assert.rejects(route.dialer(1), hasCode('ERR_BROKER'));
  await assert.rejects(route.listen(1), hasCode('ERR_BROKER'));
  assertTempDirEmpty();
});

test('a translation that never settles can be aborted, and ends with the broker', async () => {
  const never = () => new Promise<never>(() => {});
  const { link, route } = rig({ hostToPlugin: never, pluginToHost: never });
  link.opened();
  for (const id of [1, 2]) link.receive(offer(id, 'unix', '/x'));
  const controller = new AbortController();
  const abandoned = route.dialer(1, { signal: controller.signal });
  const reason = new Error('given up');
  controller.abort(reason);
  await assert.rejects(abandoned, reason);
  const waiting = [route.dialer(2), route.listen(3)].map((step) => assert.rejects(step, hasCode('ERR_CLOSED')));
  link.end();
  await Promise.all(waiting);
  assertTempDirEmpty();
});

test('B-05 B-06 an announcement is used by one dial, and dropped when none comes', async () => {
  const { link, route } = rig({}, 50);
  link.receive(offer(1, 'unix', '/first'));
  link.receive(offer(1, 'unix', '/surplus'));
  await route.dialer(1);
  await assert.rejects(route.dialer(1), hasCode('ERR_BROKER_TIMEOUT'));
  link.receive(offer(1, 'unix', '/again'));
  await route.dialer(1);
  link.receive(offer(2, 'unix', '/late'));
  assert.equal(route.pending, 1);
  await settled(() => route.pending === 0);
  await assert.rejects(route.dialer(2), hasCode('ERR_BROKER_TIMEOUT'));
});

test('the number of announcements that wait is limited', () => {
  const { link, route } = rig();
  link.receive(offer(0, 'unix', 'x'.repeat(5000)));
  assert.equal(route.pending, 0);
  for (let id = 0; id < 5000; id++) link.receive(offer(id, 'unix', '/x'));
  assert.equal(route.pending, 1024);
  link.end();
  assert.equal(route.pending, 0);
});

test('an announcement waits for the stream, with a timeout; after the end of the stream there is none', async () => {
  const { link, route, sent } = rig({}, 50);
  const early = route.listen(1);
  link.opened();
  const listener = await early;
  assert.equal(sent.length, 1);
  await listener.close();
  const never = rig({}, 50);
  await assert.rejects(never.route.listen(1), hasCode('ERR_BROKER_TIMEOUT'));
  link.end('the test is over');
  await assert.rejects(route.listen(2), /ERR_CLOSED|the test is over/);
  assertTempDirEmpty();
});
