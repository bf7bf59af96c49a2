import assert from 'node:assert/strict';
import { ProbeDefinition } from '../gen/probe.js';
import { failureOf } from './failure.js';
import { type Pairing, scenario } from './pairing.js';

/** Metadata in both directions, limits of messages, cancellation, deadlines. */
export function metadataSuite(pairing: Pairing): void {
  scenario(pairing, 'metadata goes there and comes back as headers and trailers', async ({ dispense }) => {
    const probe = await dispense('probe');
    const binary = Buffer.from([0, 1, 2, 253, 254, 255]).toString('base64');
    const metadata = { 'echo-one': ['1'], 'echo-many': ['a', 'b', 'c'], 'echo-raw-bin': [binary] };
    const { header, trailer } = await probe.invoke(ProbeDefinition, 'echo', { number: 1 }, { metadata });
    for (const [prefix, pairs] of [['echo', header] as const, ['trail', trailer] as const]) {
      assert.deepEqual(pairs[`${prefix}-one`], ['1']);
      assert.deepEqual(flat(pairs[`${prefix}-many`]), 'a,b,c');
      assert.deepEqual(pairs[`${prefix}-raw-bin`], [binary]);
    }
  });

  scenario(pairing, 'headers arrive before the first message', async ({ dispense }) => {
    const probe = await dispense('probe');
    const exchange = await probe.open(ProbeDefinition, 'exchange');
    await exchange.send({ number: 1 });
    assert.ok(await exchange.header());
    assert.equal((await exchange.receive())?.number, 1);
    await exchange.closeSend();
    assert.equal(await exchange.receive(), undefined);
  });
}

/** Large messages. */
export function sizesSuite(pairing: Pairing): void {
  const size = 8 << 20;

  scenario(pairing, 'C-12 a message of 8 MiB passes from plugin to host', async ({ dispense }) => {
    const probe = await dispense('probe');
    const produced = await probe.open(ProbeDefinition, 'produce', { request: { count: 1, size } });
    assert.equal((await produced.receive())?.data.length, size);
    assert.equal(await produced.receive(), undefined);
  });

  scenario(
    pairing,
    'a message of 8 MiB passes from host to plugin where the plugin takes it',
    async ({ dispense }) => {
      const probe = await dispense('probe');
      const data = Buffer.alloc(size, 'rxplug');
      const { message } = await probe.invoke(ProbeDefinition, 'echo', { data });
      assert.equal(data.equals(message.data), true, 'the bytes came back changed');
    },
    { flags: { 'max-receive': 16 << 20 } },
  );

  if (pairing.plugin !== 'go') return;
  scenario(pairing, 'a request above 4 MiB is refused by a Go plugin, which goes on', async ({ dispense }) => {
    const probe = await dispense('probe');
    const failure = await failureOf(probe.invoke(ProbeDefinition, 'echo', { data: Buffer.alloc(size) }));
    assert.equal(failure.code, 8);
    assert.equal((await probe.invoke(ProbeDefinition, 'echo', { number: 2 })).message.number, 2);
  });
}

/** Ends of calls that the caller decides. */
export function cancellationSuite(pairing: Pairing): void {
  for (const method of ['hang', 'hangStream'] as const) {
    scenario(pairing, `a cancelled call ends on both sides: ${method}`, async ({ dispense }) => {
      const probe = await dispense('probe');
      const call = await probe.open(ProbeDefinition, method, { request: { token: 'c' } });
      const begun = await probe.invoke(ProbeDefinition, 'observe', { token: 'c' });
      assert.deepEqual([begun.message.ended, begun.message.hasDeadline], [false, false]);
      await call.cancel();
      assert.equal((await failureOf(call.receive())).code, 1);
      const ended = await probe.invoke(ProbeDefinition, 'observe', { token: 'c', ended: true });
      assert.equal(ended.message.reason, 'cancelled');
    });
  }

  scenario(pairing, 'a deadline is known to the plugin and ends the call on both sides', async ({ dispense }) => {
    const probe = await dispense('probe');
    const call = probe.invoke(ProbeDefinition, 'hang', { token: 'd' }, { deadlineMs: 1500 });
    assert.equal((await failureOf(call)).code, 4);
    const { message } = await probe.invoke(ProbeDefinition, 'observe', { token: 'd', ended: true });
    assert.equal(message.hasDeadline, true);
    assert.ok(message.remainingMs > 0 && message.remainingMs <= 1500, `${message.remainingMs} ms remained`);
  });

  scenario(pairing, 'a stream without end is cancelled in the middle', async ({ dispense }) => {
    const probe = await dispense('probe');
    const produced = await probe.open(ProbeDefinition, 'produce', { request: { count: 0, size: 10_000 } });
    for (let number = 0; number < 50; number++) assert.equal((await produced.receive())?.number, number);
    await produced.cancel();
    assert.equal((await probe.invoke(ProbeDefinition, 'echo', { number: 3 })).message.number, 3);
  });
}

/** Peers may join the values of one name by commas. */
function flat(values: readonly string[] | undefined): string {
  return (values ?? []).flatMap((value) => value.split(/, ?/)).join(',');
}
