import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { DrivenStream } from '../driver.js';
import { sha256 } from './netrpc.js';
import { type Pairing, scenario } from './pairing.js';

/** MuxBroker: callbacks and raw streams in both directions; for a pairing over net/rpc. */
export function netRpcBrokerSuite(pairing: Pairing): void {
  callbacks(pairing);
  streams(pairing);
}

/** Callbacks of objects, in both directions. */
export function callbacks(pairing: Pairing): void {
  scenario(pairing, 'R-05 R-09 the plugin calls back what the host accepts', async (scene) => {
    const greeter = await scene.dispense('greeter');
    for (let i = 0; i < 20; i++) {
      const BrokerID = await greeter.broker.offerDecorator('<', `>${i}`);
      assert.equal(await greeter.call('GreetThrough', { Name: 'Bob', BrokerID }), `<Hello, Bob!>${i}`);
    }
  });

  scenario(pairing, 'R-09 R-18 the host calls what the plugin accepts', async (scene) => {
    const greeter = await scene.dispense('greeter');
    for (let i = 0; i < 20; i++) {
      const dialed = await greeter.broker.dial(await greeter.call<number>('Offer', {}));
      assert.equal(await dialed.call('GreetName', `Ann ${i}`), `Hello, Ann ${i}!`);
      await dialed.close();
    }
  });

  scenario(pairing, 'R-09 R-18 callbacks of both directions at once', async (scene) => {
    const greeter = await scene.dispense('greeter');
    const fromPlugin = async (number: number) => {
      const BrokerID = await greeter.broker.offerDecorator(`${number}<`, '>');
      return await greeter.call<string>('GreetThrough', { Name: 'Bob', BrokerID });
    };
    const fromHost = async (number: number) => {
      const dialed = await greeter.broker.dial(await greeter.call<number>('Offer', {}));
      return await dialed.call<string>('GreetName', `${number}`);
    };
    const numbers = Array.from({ length: 16 }, (_, number) => number);
    const all = [...numbers.map(fromPlugin), ...numbers.map(fromHost)];
    const expected = [...numbers.map((n) => `${n}<Hello, Bob!>`), ...numbers.map((n) => `Hello, ${n}!`)];
    assert.deepEqual(await Promise.all(all), expected);
  });

  scenario(pairing, 'R-06 dialing what nobody accepts fails after a while, and harms nothing', async (scene) => {
    const greeter = await scene.dispense('greeter');
    const fromPlugin = greeter.call('GreetThrough', { Name: 'Bob', BrokerID: 4242 });
    await Promise.all([
      assert.rejects(fromPlugin),
      assert.rejects(greeter.broker.dialStream(4343)),
      assert.rejects(greeter.broker.acceptStream(4444)),
    ]);
    assert.equal(await greeter.call('Greet', null), 'Hello!');
  });
}

function streams(pairing: Pairing): void {
  scenario(pairing, 'a reader and a writer are passed by broker id', async (scene) => {
    const probe = await scene.dispense('probe');
    const [ReaderID, WriterID] = [await probe.broker.nextId(), await probe.broker.nextId()];
    const copied = probe.call('Copy', { ReaderID, WriterID });
    const reader = await probe.broker.acceptStream(ReaderID);
    const writer = await probe.broker.acceptStream(WriterID);
    const data = randomBytes(1_500_000);
    const [back] = await Promise.all([all(writer), give(reader, data)]);
    assert.equal(back.equals(data), true, 'the bytes came back changed');
    assert.deepEqual(await copied, { Bytes: data.length, Sha256: sha256(data) });
  });

  scenario(pairing, 'a stream that the plugin accepts echoes', async (scene) => {
    const probe = await scene.dispense('probe');
    const stream = await probe.broker.dialStream(await probe.call<number>('Open', {}));
    for (const text of ['one', 'two', 'three']) {
      await stream.write(Buffer.from(text));
      assert.equal(Buffer.from((await stream.read(100)) ?? []).toString(), text);
    }
    await stream.close();
  });
}

async function give(stream: DrivenStream, data: Buffer): Promise<void> {
  for (let at = 0; at < data.length; at += 100_000) await stream.write(data.subarray(at, at + 100_000));
  await stream.close();
}

async function all(stream: DrivenStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await stream.read(1 << 16); chunk !== undefined; chunk = await stream.read(1 << 16))
    chunks.push(chunk);
  await stream.close();
  return Buffer.concat(chunks);
}
