import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { GreeterDefinition } from '../../../examples/gen/greeter.js';
import { KVDefinition } from '../../../examples/gen/kv.js';
import { KvStore } from '../../../examples/grpc-kv/kv-store.js';
import { GRPC_SERVICE_NAME } from '../../../src/grpc.js';
import { grpcPlugin, implement } from '../../../src/index.js';
import { createPluginPair } from '../../../src/testing/index.js';
import { SILENT_LOGGER } from '../../../src/wire/logs/logger.js';
import { brokerPair, echo, registerProbe } from '../../support/broker-pair.js';
import { rejection } from '../../support/rejection.js';

const plugins = { both: grpcPlugin({ greeter: GreeterDefinition, kv: KVDefinition }) };
const greeter = { greet: ({ name }: { name: string }) => ({ greeting: `Hello ${name}!` }) };

test('a contract of several services: one client with all, one implementation with all', async () => {
  const services = { greeter, kv: new KvStore(SILENT_LOGGER) };
  await using pair = await createPluginPair(plugins, { both: implement(plugins.both, services) });
  const both = await pair.dispense('both');
  assert.deepEqual(await firstValueFrom(both.greeter.greet({ name: 'Ada' })), { greeting: 'Hello Ada!' });
  assert.deepEqual(await firstValueFrom(both.kv.put({ key: 'a', value: Uint8Array.of(1) })), { revision: 1n });
});

test('an implementation that lacks one of them is refused by its name', async () => {
  const lacking = implement(plugins.both, { greeter } as never);
  await assert.rejects(createPluginPair(plugins, { both: lacking }), { code: 'ERR_OPTIONS', message: /`kv`/ });
});

test('a brokered server and a brokered channel have options of their own', async () => {
  await using pair = await brokerPair();
  const id = pair.plugin.nextId();
  const served$ = pair.plugin.acceptAndServe(id, registerProbe, { maxReceiveMessageBytes: 100 });
  const serving = served$.subscribe();
  const channel = await pair.host.dial(id, { channel: { maxSendMessageBytes: 1000 } });
  assert.equal(await echo(channel, 'short'), 'short');
  assert.match((await rejection(echo(channel, 'x'.repeat(500)))).message, /RESOURCE_EXHAUSTED.*100/);
  assert.match((await rejection(echo(channel, 'x'.repeat(5000)))).message, /RESOURCE_EXHAUSTED.*1000/);
  await channel.close();
  serving.unsubscribe();
});

test('the name of go-plugin’s health service is exported', () => {
  assert.equal(GRPC_SERVICE_NAME, 'plugin');
});
