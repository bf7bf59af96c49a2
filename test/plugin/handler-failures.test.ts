import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastValueFrom, toArray } from 'rxjs';
import { createClient, type LogEntry, PluginError, type ProtocolName } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';
import { handshake, unified } from '../protocols/dual/kv.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();

/** Gets a key, which fails; returns how, and the plugin's log at error. */
async function failed(protocol: ProtocolName, key: string, env: Record<string, string> = {}) {
  const command = fixture('fails-in-calls', protocol);
  const client = createClient({ name: 'kv', command, handshake, plugins: { kv: unified }, env });
  const logs = lastValueFrom(client.logs$.pipe(toArray()));
  await client.start();
  const kv = await client.dispense('kv');
  const error: unknown = await kv.get(key).catch((thrown: unknown) => thrown);
  await client.stop();
  assertTempDirEmpty();
  assert.ok(PluginError.is(error), String(error));
  return { error, logged: (await logs).filter(({ level }) => level === 'error') };
}

function assertLogged(logged: readonly LogEntry[], method: string, text: string, stack: RegExp): void {
  assert.equal(logged.length, 1, JSON.stringify(logged));
  const [{ message, module, fields }] = logged as [LogEntry];
  assert.equal(message, `the handler of ${method} failed: ${text}`);
  assert.equal(module, '');
  assert.equal(fields['method'], method);
  assert.match(String(fields['stack']), stack);
}

const GET = '/kv.v1.KV/Get';

for (const how of ['throws', 'rejects', 'errors'])
  test(`gRPC: a handler that ${how}: the plugin logs method and stack, the host says which plugin and method`, async () => {
    const { error, logged } = await failed('grpc', how);
    assert.equal(error.message, `kv: ${GET} UNKNOWN: no store`);
    assert.equal(error.details.plugin, 'kv');
    assertLogged(
      logged,
      GET,
      'no store',
      /^TypeError: no store\n +at openStore .*fails-in-calls[^]*\[cause\]: Error: EIO/,
    );
  });

for (const how of ['throws', 'rejects', 'errors'])
  test(`net/rpc: a handler that ${how}: the plugin logs method and stack, the host says which plugin and method`, async () => {
    const { error, logged } = await failed('netrpc', how);
    assert.deepEqual([error.message, error.details], ['no store', { plugin: 'kv', method: 'Plugin.Get' }]);
    assertLogged(
      logged,
      'Plugin.Get',
      'no store',
      /^TypeError: no store\n +at openStore .*fails-in-calls[^]*\[cause\]: Error: EIO/,
    );
  });

for (const [protocol, answer] of [
  ['grpc', `kv: ${GET} NOT_FOUND: no such key`],
  ['netrpc', 'no such key'],
] as const)
  test(`${protocol}: an error that is an answer is not logged, nor an abort`, async () => {
    const { error, logged } = await failed(protocol, 'answers');
    assert.deepEqual([error.message, logged], [answer, []]);
    assert.deepEqual((await failed(protocol, 'aborts')).logged, []);
  });

test('gRPC: a handler that gives no message: its mistake is logged too', async () => {
  const { error, logged } = await failed('grpc', 'nothing');
  const detail = `The handler of ${GET} gave a response that cannot be sent: it is undefined.`;
  assert.equal(error.message, `kv: ${GET} INTERNAL: ${detail}`);
  assert.deepEqual(
    logged.map(({ message, fields }) => [message, fields['method']]),
    [[detail, GET]],
  );
});

test('net/rpc: a handler whose reply does not fit: its mistake is logged too', async () => {
  const { error, logged } = await failed('netrpc', 'wrong');
  assert.match(error.message, /^rpc: gob error encoding body: /);
  assert.equal(logged.length, 1);
  assert.match(logged[0]!.message, /^the handler of Plugin\.Get failed: /);
});

test('the end of a plugin is no failure of its own handlers, at no level', async () => {
  const client = createClient({ command: fixture('fails-in-calls', 'grpc'), handshake, plugins: { kv: unified } });
  const logs = lastValueFrom(client.logs$.pipe(toArray()));
  await client.start();
  await client.stop();
  const messages = (await logs).map(({ message }) => message);
  assert.deepEqual(
    messages.filter((message) => message.includes('fail')),
    [],
  );
  assert.ok(messages.includes('the plugin has exited'));
});
