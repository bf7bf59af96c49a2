import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { LIMIT_MS } from '../bounded.js';
import { ProbeDefinition } from '../gen/probe.js';
import { brokerEnds } from './broker-ends.js';
import { brokered, callBack, dialing, offered } from './brokered.js';
import { failureOf } from './failure.js';
import { can, type Pairing } from './pairing.js';

/** Services offered and dialed through the broker, in both directions; over sockets of their own or multiplexed. */
export function brokerSuite(pairing: Pairing): void {
  const { multiplex = false, autoMtls = false } = pairing.config ?? {};
  // Against Go, M-13 shows by itself: the end that dials would otherwise wait for the other to begin with TLS.
  const keys = autoMtls ? ` T-08${multiplex ? ' M-13' : ''}` : '';
  const item = `${multiplex ? 'M-14' : 'B-08'}${keys}`;
  directions(pairing, item);
  ids(pairing);
  reuse(pairing);
  order(pairing, item);
  many(pairing, item);
  brokerEnds(pairing);
}

/** One call in each direction, and one of every kind. */
export function directions(pairing: Pairing, item: string): void {
  if (can(pairing, 'plugin-dials')) {
    brokered(pairing, `${item} the plugin calls back what the host offers`, async ({ probe }) => {
      const id = await probe.broker.offer();
      assert.deepEqual(await callBack(probe, id, 'hello'), 'hello');
    });
  }

  brokered(pairing, `${item} the host calls what the plugin offers`, async ({ probe, started }) => {
    const [id] = await offered(probe, 1);
    const dialed = await probe.broker.dial(id!);
    const { message } = await dialed.invoke(ProbeDefinition, 'describe', {});
    if (can(pairing, 'same-pid')) assert.equal(String(message.pid), started.id);
    await dialed.close();
  });

  brokered(pairing, `${item} brokered calls of every kind, with errors and metadata`, async ({ probe }) => {
    const dialed = await probe.broker.dial((await offered(probe, 1))[0]!);
    const { trailer } = await dialed.invoke(ProbeDefinition, 'echo', {}, { metadata: { 'echo-a': ['b'] } });
    assert.deepEqual(trailer['trail-a'], ['b']);
    const failure = await failureOf(dialed.invoke(ProbeDefinition, 'fail', { code: 6, message: 'brokered' }));
    assert.deepEqual([failure.code, failure.details], [6, 'brokered']);
    const produced = await dialed.open(ProbeDefinition, 'produce', { request: { count: 500, size: 5000 } });
    for (let number = 0; number < 500; number++) assert.equal((await produced.receive())?.number, number);
    const exchange = await dialed.open(ProbeDefinition, 'exchange');
    for (const number of [1, 2, 3]) {
      await exchange.send({ number });
      assert.equal((await exchange.receive())?.number, number);
    }
    await exchange.closeSend();
    assert.equal(await exchange.receive(), undefined);
    await dialed.close();
  });
}

function ids(pairing: Pairing): void {
  brokered(pairing, 'B-01 each side counts its ids from 1', async ({ probe }) => {
    const own = [await probe.broker.nextId(), await probe.broker.nextId(), await probe.broker.nextId()];
    assert.deepEqual(own, [1, 2, 3]);
    assert.deepEqual(await offered(probe, 3), [1, 2, 3]);
  });

  brokered(pairing, 'B-07 equal ids of host and plugin do not interfere', async ({ probe, started }) => {
    const id = await probe.broker.offer();
    assert.equal(await callBack(probe, id, 'from the plugin'), 'from the plugin');
    const [same] = await offered(probe, 1);
    assert.equal(same, id);
    const dialed = await probe.broker.dial(id);
    const { message } = await dialed.invoke(ProbeDefinition, 'describe', {});
    if (can(pairing, 'same-pid')) assert.equal(String(message.pid), started.id);
    await dialed.close();
  });

  if (pairing.config?.multiplex === true) {
    brokered(pairing, 'M-12 an id can be dialed several times', async ({ probe }) => {
      const id = await probe.broker.offer();
      for (let i = 0; i < 3; i++) assert.equal(await callBack(probe, id, String(i)), String(i));
    });
  } else {
    brokered(pairing, 'B-06 an id can be dialed once', async ({ probe }) => {
      const id = await probe.broker.offer();
      assert.equal(await callBack(probe, id, 'first'), 'first');
      await assert.rejects(callBack(probe, id, 'second'), { code: 14 });
    });
  }
}

/**
 * go-plugin: a Go dialer keeps what was announced for 5 s, and an announcement of the same id meanwhile can crash it; so a Go end that
 * reuses an id does that only with one of ours, and ours refuses to for a while.
 */
function reuse(pairing: Pairing): void {
  if (pairing.host === 'go' && pairing.plugin === 'go') return;
  brokered(pairing, 'ids that were withdrawn can be offered again', async ({ probe }) => {
    const own = await probe.broker.offer();
    assert.equal(await callBack(probe, own, 'first'), 'first');
    await probe.broker.withdraw(own);
    const [theirs] = await offered(probe, 1);
    assert.equal(await dialing(probe, theirs!), 1);
    await probe.invoke(ProbeDefinition, 'withdraw', { brokerIds: [theirs!] });
    await onceRested(() => probe.broker.offer(own));
    assert.equal(await callBack(probe, own, 'second'), 'second');
    await onceRested(() => probe.invoke(ProbeDefinition, 'offer', { brokerId: theirs! }));
    assert.equal(await dialing(probe, theirs!), 1);
  });
}

/** Tries again until an id may be used: nothing tells when. */
async function onceRested(offer: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    try {
      await offer();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(100);
    }
  }
}

function order(pairing: Pairing, item: string): void {
  brokered(pairing, 'B-03 M-09 dialing may come before accepting', async ({ probe }) => {
    const id = await probe.broker.nextId();
    const early = callBack(probe, id, 'early');
    await probe.broker.offer(id);
    assert.equal(await early, 'early');
  });

  brokered(pairing, 'B-04 M-05 dialing what nobody offers fails after a while', async ({ probe }) => {
    await Promise.all([assert.rejects(dialing(probe, 4242)), assert.rejects(callBack(probe, 4242, 'nobody'))]);
    assert.equal((await probe.invoke(ProbeDefinition, 'echo', { number: 1 })).message.number, 1);
  });

  brokered(pairing, `${item} one brokered connection carries many calls`, async ({ probe }) => {
    const request = { brokerId: await probe.broker.offer(), payload: { number: 5 }, times: 200 };
    assert.equal((await probe.invoke(ProbeDefinition, 'callBack', request)).message.number, 5);
  });
}

function many(pairing: Pairing, item: string): void {
  brokered(pairing, `${item} a hundred brokered servers of each side in one run`, async ({ probe }) => {
    for (let i = 0; i < 100; i++) {
      assert.equal(await callBack(probe, await probe.broker.offer(), `${i}`), `${i}`);
    }
    // Twenty at a time: who is offered something has 5 s to come, which a busy machine may need for a hundred TLS handshakes.
    for (let i = 0; i < 5; i++) {
      for (const id of await offered(probe, 20)) {
        const dialed = await probe.broker.dial(id);
        assert.equal((await dialed.invoke(ProbeDefinition, 'echo', { number: id })).message.number, id);
        await dialed.close();
      }
    }
  });
}
