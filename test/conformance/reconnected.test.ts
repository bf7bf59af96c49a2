import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { filter, firstValueFrom, lastValueFrom, ReplaySubject, Subscription, scan, toArray } from 'rxjs';
import { createClient, grpcPlugin, PluginError } from 'rxplug';
import type { Address } from 'rxplug/transport';
import { echo, registerProbe } from '../support/broker-pair.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { Relay } from '../support/relay.js';
import type { Reattach } from './driver.js';
import { ProbeDefinition } from './gen/probe.js';
import { type Command, goPlugin, needsGo, ourPlugin, startGoHost } from './peers.js';
import { RawPlugin } from './suite/raw-plugin.js';

const assertTempDirEmpty = ownTempDir();
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' };
const plugins = { probe: grpcPlugin(ProbeDefinition) };
const bounded = <T>(what: string, promise: Promise<T>): Promise<T> => within(60_000, what, promise);

/** A plugin behind a relay, and its host. */
async function start(relay: Relay, command: Command) {
  const client = createClient({ runner: relay.runner(command), handshake, plugins });
  const logs = lastValueFrom(client.logs$.pipe(toArray()));
  const text$ = client.syncStdout$.pipe(scan((text, chunk) => text + Buffer.from(chunk).toString(), ''));
  const printed = (text: string) => bounded(text, firstValueFrom(text$.pipe(filter((all) => all.includes(text)))));
  await client.start();
  const probe = await client.dispense('probe');
  const print = async (text: string) => {
    const arrived = printed(text);
    await firstValueFrom(probe.write({ stream: 0, data: Buffer.from(text) }));
    await arrived;
  };
  const lose = async () => {
    const again = relay.next();
    relay.cut();
    await bounded('the next connection', again);
  };
  /** Stops the plugin; the first words of its host's warnings. */
  const stop = async () => {
    await client.stop();
    const warnings = (await logs).filter(({ level, module }) => level === 'warn' && module === 'rxplug');
    return warnings.map(({ message }) => message.split(' ').slice(0, 3).join(' ')).sort();
  };
  return { client, probe, print, lose, stop };
}

async function losesBroker(command: Command): Promise<void> {
  await using relay = new Relay();
  const { client, print, lose, stop } = await start(relay, command);
  await print('before the loss');
  const withoutBroker = firstValueFrom(
    client.state$.pipe(filter((state) => state.status === 'running' && state.brokerLost === true)),
  );
  await lose();
  await bounded('the state', withoutBroker);
  await print('after the loss');
  const isClosed = (error: unknown) => PluginError.is(error) && error.code === 'ERR_CLOSED';
  await assert.rejects(client.broker.dial(1), isClosed);
  await assert.rejects(firstValueFrom(client.broker.accept(client.broker.nextId())), isClosed);
  assert.deepEqual(await stop(), ['stdout and stderr', 'the broker of']);
  await relay.close();
  assertTempDirEmpty();
}

test('after a lost connection the output and the broker of our plugin go on', async () => {
  await using relay = new Relay();
  const { client, probe, print, lose, stop } = await start(relay, await ourPlugin());
  const { broker } = client;
  const data = Buffer.from('hello');
  const serving = new Subscription();
  const offer = async () => {
    const offered$ = new ReplaySubject<number>(1);
    serving.add(broker.acceptAndServe(broker.nextId(), registerProbe).subscribe(offered$));
    return await bounded('an offer of the host', firstValueFrom(offered$));
  };
  const callBack = async (brokerId: number) => {
    const response = await bounded('a call back', firstValueFrom(probe.callBack({ brokerId, payload: { data } })));
    assert.deepEqual(Buffer.from(response.data), data);
  };
  const offered = async (brokerId = 0) => {
    const { brokerIds } = await bounded('an offer of the plugin', firstValueFrom(probe.offer({ brokerId, count: 1 })));
    return brokerIds[0]!;
  };
  const dial = async (id: number) => {
    const channel = await bounded('a dial', broker.dial(id));
    assert.equal(await echo(channel, 'hello'), 'hello');
    return channel;
  };

  const connected = await dial(await offered());
  await callBack(await offer());
  const [ours, theirs] = [await offer(), await offered()];
  for (const loss of ['first', 'second']) {
    const waiting = dial(loss === 'first' ? 4242 : 4243);
    await lose();
    await print(`after the ${loss} loss`);
    await offered(loss === 'first' ? 4242 : 4243);
    await waiting;
    await callBack(await offer());
    await dial(await offered());
    assert.equal(await echo(connected, 'still'), 'still');
  }
  // Offered before both.
  await callBack(ours);
  await dial(theirs);

  const state = await firstValueFrom(client.state$);
  assert.ok(state.status === 'running' && state.brokerLost === undefined);
  serving.unsubscribe();
  assert.deepEqual(await stop(), ['stdout and stderr', 'stdout and stderr']);
  await relay.close();
  assertTempDirEmpty();
});

test('the broker of a plugin with the engine grpc-js, which knows no losses, is told to be closed', async () => {
  await losesBroker(await ourPlugin({ 'grpc-engine': 'grpc-js' }));
});

test(
  'after a lost connection the output of a Go plugin goes on, and the broker is told to be closed',
  needsGo(),
  async () => {
    await losesBroker(await goPlugin());
  },
);

test('a Go host whose connection was lost calls our plugin, and what waits at the broker ends', needsGo(), async () => {
  const tempDir = await mkdtemp(join(tmpdir(), 'go-host-'));
  await using plugin = await RawPlugin.run(await ourPlugin({ test: true }), {});
  const { network, address, ...rest } = JSON.parse(await plugin.line()) as Reattach;
  await using relay = new Relay();
  const near = await relay.open({ network, address } as Address);
  await using host = await startGoHost(tempDir);
  const client = await host.create({ reattach: { ...rest, ...near } });
  await client.start();
  const probe = await client.dispense('probe');
  const callBack = async () => probe.invoke(ProbeDefinition, 'callBack', { brokerId: await probe.broker.offer() });
  await bounded('a call back', callBack());

  const again = relay.next();
  relay.cut();
  // grpc-go connects again for a call; the first ones may have met the loss.
  const calling = async (): Promise<unknown> => probe.invoke(ProbeDefinition, 'echo', {}).catch(calling);
  await bounded('a call after the loss', calling());
  await bounded('the next connection', again);
  await bounded('a call back', assert.rejects(callBack()));
  await bounded('an offer', assert.rejects(probe.invoke(ProbeDefinition, 'offer', { count: 1 })));
  await bounded('a dial', assert.rejects(probe.broker.dial(1)));
  await bounded('a call', probe.invoke(ProbeDefinition, 'echo', {}));
  await client.stop();
  plugin.endInput();
  assert.equal((await plugin.ending()).code, 0);
  await rm(tempDir, { recursive: true });
  await relay.close();
  await plugin[Symbol.asyncDispose]();
  assertTempDirEmpty();
});
