import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filter, firstValueFrom, lastValueFrom, scan, toArray } from 'rxjs';
import { createClient, grpcPlugin, PluginError } from '../../src/index.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { Relay } from '../support/relay.js';
import { ProbeDefinition } from './gen/probe.js';
import { type Command, goPlugin, needsGo, ourPlugin } from './peers.js';

const assertTempDirEmpty = ownTempDir();
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' };
const plugins = { probe: grpcPlugin(ProbeDefinition) };
const bounded = <T>(what: string, promise: Promise<T>): Promise<T> => within(60_000, what, promise);

async function survives(command: Command): Promise<void> {
  await using relay = new Relay();
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
  await print('before the loss');

  const again = relay.next();
  const withoutBroker = firstValueFrom(
    client.state$.pipe(filter((state) => state.status === 'running' && state.brokerLost === true)),
  );
  relay.cut();
  await bounded('the next connection', again);
  await bounded('the state', withoutBroker);
  await print('after the loss');
  const isClosed = (error: unknown) => PluginError.is(error) && error.code === 'ERR_CLOSED';
  await assert.rejects(client.broker.dial(1), isClosed);
  await assert.rejects(firstValueFrom(client.broker.accept(client.broker.nextId())), isClosed);

  await client.stop();
  const warnings = (await logs).filter(({ level, module }) => level === 'warn' && module === 'rxplug');
  assert.deepEqual(warnings.map(({ message }) => message.split(' ').slice(0, 3).join(' ')).sort(), [
    'stdout and stderr',
    'the broker of',
  ]);
  await relay.close();
  assertTempDirEmpty();
}

test('after a lost connection the output of our plugin goes on, and the broker is told to be closed', async () => {
  await survives(await ourPlugin());
});

test(
  'after a lost connection the output of a Go plugin goes on, and the broker is told to be closed',
  needsGo(),
  async () => {
    await survives(await goPlugin());
  },
);
