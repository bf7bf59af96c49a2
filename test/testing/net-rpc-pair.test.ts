import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { implement, netRpcPlugin, RemoteError } from '../../src/index.js';
import { gob, handler, method } from '../../src/net-rpc.js';
import { createNetRpcConnection, createPluginPair } from '../../src/testing/index.js';
import { blockLoop } from '../support/block-loop.js';
import { defer, within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { JOINTS } from './joints.js';

const assertTempDirEmpty = ownTempDir();
const plugins = { greeter: netRpcPlugin({ greet: method(gob.string, gob.string) }) };
const greeter = implement(plugins.greeter, { greet: (name) => `Hello ${name}!` });

for (const [title, joint] of JOINTS) {
  test(`net/rpc over ${title}: a client calls its server, and disposing ends both`, async () => {
    const hanging = defer();
    const hello = handler(gob.string, gob.string, (name) => `Hello ${name}!`);
    const hang = handler(gob.string, gob.string, () => hanging.promise.then(() => ''));
    const greetings = new Map([
      ['Hello', hello],
      ['Hang', hang],
    ]);
    const pair = await createNetRpcConnection(new Map([['Greeter', greetings]]), joint);
    const greeting = await firstValueFrom(pair.client.call('Greeter.Hello', gob.string, 'Ada', gob.string));
    assert.equal(greeting, 'Hello Ada!');
    const unknown = firstValueFrom(pair.client.call('Greeter.Bye', gob.string, '', gob.string));
    await assert.rejects(unknown, RemoteError);
    const pending = firstValueFrom(pair.client.call('Greeter.Hang', gob.string, '', gob.string));
    await Promise.all([assert.rejects(pending), pair.dispose(), pair.dispose()]);
    hanging.resolve();
    assertTempDirEmpty();
  });

  test(`net/rpc over ${title}: a plugin set, with ping, stdio and shutdown`, async () => {
    await using pair = await createPluginPair(plugins, { greeter }, joint);
    assert.equal(pair.host.name, 'netrpc');
    const client = await pair.dispense('greeter');
    assert.equal(await firstValueFrom(client.greet('Ada')), 'Hello Ada!');
    await pair.host.ping({ timeoutMs: 5000 });
    pair.pluginStdout.write('printed');
    pair.pluginStderr.write('complained');
    assert.equal(String((await once(pair.syncStdout, 'data'))[0]), 'printed');
    assert.equal(String((await once(pair.syncStderr, 'data'))[0]), 'complained');
    await pair.host.shutdown({ timeoutMs: 5000 });
    await within(5000, 'the end of the plugin', pair.plugin.ended);
  });
}

test('a protocol that a contract does not have is refused', async () => {
  await assert.rejects(createPluginPair(plugins, { greeter }, { protocol: 'grpc' }), { code: 'ERR_OPTIONS' });
});

test('a ping over net/rpc is answered although the event loop is blocked for longer than its timeout', async () => {
  await using pair = await createPluginPair(plugins, { greeter });
  const answer = pair.host.ping({ timeoutMs: 800 });
  blockLoop(1000);
  await answer;
});
