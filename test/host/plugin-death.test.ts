import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filter, firstValueFrom } from 'rxjs';
import { createClient, PluginError, type ProtocolName } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';
import { handshake, unified } from '../protocols/dual/kv.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const plugins = { kv: unified };

const SPOKEN: readonly (readonly [string, ProtocolName, object])[] = [
  ['gRPC', 'grpc', {}],
  ['gRPC of grpc-js', 'grpc', { grpcEngine: 'grpc-js' }],
  ['multiplexed gRPC', 'grpc', { grpcBrokerMultiplex: true }],
  ['gRPC under AutoMTLS', 'grpc', { autoMtls: true }],
  ['net/rpc', 'netrpc', {}],
  ['net/rpc under AutoMTLS', 'netrpc', { autoMtls: true }],
];

/** How the plugin dies, how its process ends, and what is said of it. */
const DEATHS = [
  {
    how: 'throws',
    exitCode: 1,
    signal: null,
    says:
      'The plugin dies-in-a-call exited with code 1, which nobody had asked it to. It wrote to stderr: "RangeError: the store is full" ' +
      '(details.stderr has more).',
  },
  {
    how: 'exits',
    exitCode: 3,
    signal: null,
    says: 'The plugin dies-in-a-call exited with code 3, which nobody had asked it to. It wrote to stderr: "the disk is gone: EIO" (details.stderr has more).',
  },
  {
    how: 'is killed',
    exitCode: null,
    signal: 'SIGKILL',
    says: 'The plugin dies-in-a-call exited by SIGKILL, which nobody had asked it to. It wrote no error to stderr (details.stderr has its last lines).',
  },
] as const;

async function rejection(promise: Promise<unknown>): Promise<PluginError> {
  const error = await within(30_000, 'the failure', promise).then(
    () => assert.fail('it has not failed'),
    (thrown: unknown) => thrown,
  );
  assert.ok(PluginError.is(error), String(error));
  return error;
}

for (const [name, protocol, options] of SPOKEN)
  for (const { how, exitCode, signal, says } of DEATHS)
    test(`${name}: a plugin that ${how} in a call: the call and later ones say how it ended`, async () => {
      const command = fixture('dies-in-a-call', protocol, how);
      await using client = createClient({ command, handshake, plugins, ...options });
      await client.start();
      const kv = await client.dispense('kv');
      // Made while it is dying: it waits for the reason too.
      const ended = firstValueFrom(client.exit$);
      const interrupted = await rejection(kv.put('a', '1'));
      assert.deepEqual([interrupted.details.exitCode, interrupted.details.signal], [exitCode, signal]);
      assert.ok(interrupted.message.endsWith(`${says} The call may have been executed.`), interrupted.message);
      assert.equal(interrupted.details.delivery, 'unknown');
      assert.deepEqual(interrupted.details.stderr, client.lastStderr);
      assert.ok(PluginError.is(interrupted.cause) && interrupted.cause.code === 'ERR_PLUGIN_EXITED');
      const later = await rejection(kv.get('a'));
      assert.ok(later.message.endsWith(`${says} The call was not sent.`), later.message);
      assert.deepEqual(
        [later.details.delivery, later.details.exitCode, later.details.signal],
        ['none', exitCode, signal],
      );
      for (const refused of [client.dispense('kv'), client.ping(), client.start()]) {
        const error = await rejection(refused);
        assert.deepEqual([error.code, error.message], ['ERR_PLUGIN_EXITED', says]);
      }
      assert.deepEqual(await ended, { code: exitCode, signal });
      await firstValueFrom(client.state$.pipe(filter(({ status }) => status === 'exited')));
      assertTempDirEmpty();
    });

for (const [name, protocol, options] of SPOKEN)
  test(`${name}: a call that is made after the end of the connection, and before the exit is known, waits for it`, async () => {
    const command = fixture('dies-in-a-call', protocol, 'is killed');
    await using client = createClient({ command, handshake, plugins, ...options });
    await client.start();
    const kv = await client.dispense('kv');
    const errors: Promise<PluginError>[] = [rejection(kv.put('a', '1'))];
    // Without a pause, until the host knows.
    while (!client.exited) {
      errors.push(rejection(kv.get('a')));
      await new Promise(setImmediate);
    }
    const messages = new Set(
      (await Promise.all(errors)).map(({ message }) => message.replace(/^.* UNAVAILABLE: /, '')),
    );
    const says =
      'The plugin dies-in-a-call exited by SIGKILL, which nobody had asked it to. It wrote no error to stderr (details.stderr has its last lines).';
    const expected = [`${says} The call may have been executed.`, `${says} The call was not sent.`];
    for (const message of messages)
      assert.ok(expected.includes(message) || message.endsWith('there is nothing'), message);
  });
