import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import type { DrivenObject } from '../driver.js';
import { ProbeDefinition } from '../gen/probe.js';
import { failureOf } from './failure.js';
import { configOf, hosted, type Pairing, type Scene, scenario } from './pairing.js';

/** Services offered and dialed through the broker, in both directions; over sockets of their own or multiplexed. */
export function brokerSuite(pairing: Pairing): void {
  const keys = pairing.config?.autoMtls === true ? ' T-08' : '';
  const item = `${pairing.config?.multiplex === true ? 'M-14' : 'B-08'}${keys}`;
  directions(pairing, item);
  ids(pairing);
  order(pairing, item);
  many(pairing, item);
  ends(pairing);
}

function directions(pairing: Pairing, item: string): void {
  scenario(pairing, `${item} the plugin calls back what the host offers`, async (scene) => {
    const probe = await scene.dispense('probe');
    const id = await probe.broker.offer();
    assert.deepEqual(await callBack(probe, id, 'hello'), 'hello');
  });

  scenario(pairing, `${item} the host calls what the plugin offers`, async (scene) => {
    const probe = await scene.dispense('probe');
    const [id] = await offered(probe, 1);
    const dialed = await probe.broker.dial(id!);
    const { message } = await dialed.invoke(ProbeDefinition, 'describe', {});
    assert.equal(String(message.pid), scene.started.id);
    await dialed.close();
  });

  scenario(pairing, `${item} brokered calls of every kind, with errors and metadata`, async (scene) => {
    const probe = await scene.dispense('probe');
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
  scenario(pairing, 'B-01 each side counts its ids from 1', async (scene) => {
    const probe = await scene.dispense('probe');
    const own = [await probe.broker.nextId(), await probe.broker.nextId(), await probe.broker.nextId()];
    assert.deepEqual(own, [1, 2, 3]);
    assert.deepEqual(await offered(probe, 3), [1, 2, 3]);
  });

  scenario(pairing, 'B-07 equal ids of host and plugin do not interfere', async (scene) => {
    const probe = await scene.dispense('probe');
    const id = await probe.broker.offer();
    assert.equal(await callBack(probe, id, 'from the plugin'), 'from the plugin');
    const [same] = await offered(probe, 1);
    assert.equal(same, id);
    const dialed = await probe.broker.dial(id);
    assert.equal(String((await dialed.invoke(ProbeDefinition, 'describe', {})).message.pid), scene.started.id);
    await dialed.close();
  });

  if (pairing.config?.multiplex === true) {
    scenario(pairing, 'M-12 an id can be dialed several times', async (scene) => {
      const probe = await scene.dispense('probe');
      const id = await probe.broker.offer();
      for (let i = 0; i < 3; i++) assert.equal(await callBack(probe, id, String(i)), String(i));
    });
  } else {
    scenario(pairing, 'B-06 an id can be dialed once', async (scene) => {
      const probe = await scene.dispense('probe');
      const id = await probe.broker.offer();
      assert.equal(await callBack(probe, id, 'first'), 'first');
      await assert.rejects(callBack(probe, id, 'second'), { code: 14 });
    });
  }
}

function order(pairing: Pairing, item: string): void {
  scenario(pairing, 'B-03 M-09 dialing may come before accepting', async (scene) => {
    const probe = await scene.dispense('probe');
    const id = await probe.broker.nextId();
    const early = callBack(probe, id, 'early');
    await probe.broker.offer(id);
    assert.equal(await early, 'early');
  });

  scenario(pairing, 'B-04 M-05 dialing what nobody offers fails after a while', async (scene) => {
    const probe = await scene.dispense('probe');
    const fromHost = async () => {
      const dialed = await probe.broker.dial(4242);
      await dialed.invoke(ProbeDefinition, 'echo', {});
    };
    await Promise.all([assert.rejects(fromHost), assert.rejects(callBack(probe, 4242, 'nobody'))]);
    assert.equal((await probe.invoke(ProbeDefinition, 'echo', { number: 1 })).message.number, 1);
  });

  scenario(pairing, `${item} one brokered connection carries many calls`, async (scene) => {
    const probe = await scene.dispense('probe');
    const request = { brokerId: await probe.broker.offer(), payload: { number: 5 }, times: 200 };
    assert.equal((await probe.invoke(ProbeDefinition, 'callBack', request)).message.number, 5);
  });
}

function many(pairing: Pairing, item: string): void {
  scenario(pairing, `${item} a hundred brokered servers of each side in one run`, async (scene) => {
    const probe = await scene.dispense('probe');
    for (let i = 0; i < 100; i++) {
      assert.equal(await callBack(probe, await probe.broker.offer(), `${i}`), `${i}`);
    }
    for (const id of await offered(probe, 100)) {
      const dialed = await probe.broker.dial(id);
      assert.equal((await dialed.invoke(ProbeDefinition, 'echo', { number: id })).message.number, id);
      await dialed.close();
    }
  });
}

function ends(pairing: Pairing): void {
  scenario(pairing, 'B-11 what is withdrawn is gone, with its socket', async (scene) => {
    const probe = await scene.dispense('probe');
    const id = await probe.broker.offer();
    assert.equal(await callBack(probe, id, 'there'), 'there');
    await probe.broker.withdraw(id);
    const [other] = await offered(probe, 1);
    const dialed = await probe.broker.dial(other!);
    await dialed.invoke(ProbeDefinition, 'echo', {});
    await probe.invoke(ProbeDefinition, 'withdraw', { brokerIds: [other!] });
    assert.equal((await failureOf(dialed.invoke(ProbeDefinition, 'echo', {}))).code, 14);
    await dialed.close();
  });

  scenario(pairing, 'B-11 C-10 brokered streams do not keep the plugin from stopping', async (scene) => {
    const probe = await scene.dispense('probe');
    const dialed = await probe.broker.dial((await offered(probe, 1))[0]!);
    const hanging = await dialed.open(ProbeDefinition, 'hangStream', { request: { token: 'brokered' } });
    await probe.invoke(ProbeDefinition, 'observe', { token: 'brokered' });
    await callBack(probe, await probe.broker.offer(), 'still open');
    await scene.client.stop();
    assert.ok([1, 14].includes((await failureOf(hanging.receive())).code));
    assert.equal(scene.client.forced(), false);
    await noSockets(pairing, scene);
  });

  hosted(pairing, 'a crash fails brokered calls', async (host) => {
    const client = await host.create(await configOf(pairing));
    await client.start();
    const probe = await client.dispense('probe');
    const dialed = await probe.broker.dial((await offered(probe, 1))[0]!);
    const hanging = await dialed.open(ProbeDefinition, 'hang', { request: { token: 'dies' } });
    await probe.invoke(ProbeDefinition, 'observe', { token: 'dies' });
    await failureOf(probe.invoke(ProbeDefinition, 'crash', {}));
    assert.equal((await failureOf(hanging.receive())).code, 14);
    await client.gone();
  });
}

/** go-plugin: brokered servers end beside the main one, and a process that is done first leaves their sockets behind. */
async function noSockets(pairing: Pairing, scene: Scene): Promise<void> {
  if (pairing.host === 'go') return;
  const left = (await readdir(scene.tempDir)).filter((name) => /plugin|sock/.test(name));
  assert.deepEqual(left, []);
}

async function callBack(probe: DrivenObject, brokerId: number, text: string): Promise<string> {
  const request = { brokerId, payload: { data: Buffer.from(text) } };
  const { message } = await probe.invoke(ProbeDefinition, 'callBack', request);
  return Buffer.from(message.data).toString();
}

async function offered(probe: DrivenObject, count: number): Promise<number[]> {
  return (await probe.invoke(ProbeDefinition, 'offer', { count })).message.brokerIds;
}
