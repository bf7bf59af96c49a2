import assert from 'node:assert/strict';
import { bounded } from '../bounded.js';
import type { DrivenObject } from '../driver.js';
import { ProbeDefinition } from '../gen/probe.js';
import { brokered, callBack, dialing, offered, untilBothWait } from './brokered.js';
import { failureOf } from './failure.js';
import type { Pairing } from './pairing.js';

/** How what is brokered ends: withdrawn, with the plugin, and with a peer that dies. */
export function brokerEnds(pairing: Pairing): void {
  withdrawals(pairing);
  stops(pairing);
  deaths(pairing);
}

function withdrawals(pairing: Pairing): void {
  brokered(pairing, 'B-11 what is withdrawn is gone, with its socket', async ({ probe }) => {
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

  brokered(pairing, 'M-06 M-10 what was withdrawn before it was dialed is dialed in vain', async ({ probe }) => {
    const id = await probe.broker.offer();
    await probe.broker.withdraw(id);
    const [other] = await offered(probe, 1);
    await probe.invoke(ProbeDefinition, 'withdraw', { brokerIds: [other!] });
    await Promise.all([
      assert.rejects(callBack(probe, id, 'gone'), { code: 14 }),
      assert.rejects(dialing(probe, other!)),
    ]);
    assert.equal(await callBack(probe, await probe.broker.offer(), 'another'), 'another');
    assert.equal(await dialing(probe, (await offered(probe, 1))[0]!), 1);
  });
}

function stops(pairing: Pairing): void {
  brokered(
    pairing,
    'B-11 C-10 brokered streams of both sides do not keep the plugin from stopping',
    async ({ probe, client }) => {
      const dialed = await probe.broker.dial((await offered(probe, 1))[0]!);
      const hanging = await dialed.open(ProbeDefinition, 'hangStream', { request: { token: 'of the host' } });
      await probe.invoke(ProbeDefinition, 'observe', { token: 'of the host' });
      await hangOf(probe, await probe.broker.offer());
      await client.stop();
      assert.ok([1, 14].includes((await failureOf(hanging.receive())).code));
      assert.equal(client.forced(), false);
    },
    { end: 'open' },
  );
}

function deaths(pairing: Pairing): void {
  brokered(
    pairing,
    'a crash fails brokered calls',
    async ({ probe, client }) => {
      const dialed = await probe.broker.dial((await offered(probe, 1))[0]!);
      const hanging = await dialed.open(ProbeDefinition, 'hang', { request: { token: 'dies' } });
      await probe.invoke(ProbeDefinition, 'observe', { token: 'dies' });
      await hangOf(probe, await probe.broker.offer());
      await failureOf(probe.invoke(ProbeDefinition, 'crash', {}));
      assert.equal((await failureOf(hanging.receive())).code, 14);
      await client.gone();
    },
    { end: 'dead' },
  );

  brokered(
    pairing,
    'a plugin that is killed while both sides wait for an id ends the waits',
    async ({ probe, client, started }) => {
      const waits = [
        assert.rejects(dialing(probe, 4242)),
        assert.rejects(callBack(probe, 4243, 'nobody'), { code: 14 }),
      ];
      await untilBothWait(probe, pairing.config?.multiplex === true);
      process.kill(Number(started.id), 'SIGKILL');
      await bounded(Promise.all(waits), 'the end of the waits');
      await client.gone();
    },
    { end: 'dead' },
  );
}

/** Lets the plugin begin a call on what the host offers, which nobody will end. */
async function hangOf(probe: DrivenObject, brokerId: number): Promise<void> {
  await probe.invoke(ProbeDefinition, 'callBack', { brokerId, hang: `of ${brokerId}` });
}
