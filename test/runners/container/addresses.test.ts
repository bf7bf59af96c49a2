import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerAddresses } from '../../../src/runners/container/addresses.js';

const dir = { host: '/tmp/plugin-dirX', container: '/run/plugin' };
const addresses = containerAddresses(dir, 'none');
const unix = (address: string) => ({ network: 'unix', address }) as const;

test('a socket in the shared directory has another path at the other end', () => {
  assert.deepEqual(addresses.pluginToHost(unix('/run/plugin/plugin123')), unix('/tmp/plugin-dirX/plugin123'));
  assert.deepEqual(addresses.hostToPlugin(unix('/tmp/plugin-dirX/a/b')), unix('/run/plugin/a/b'));
});

test('where both see the same path nothing changes', () => {
  const same = containerAddresses({ host: '/tmp/d', container: '/tmp/d' }, 'none');
  assert.deepEqual(same.pluginToHost(unix('/tmp/d/s')), unix('/tmp/d/s'));
});

for (const outside of ['/tmp/plugin1', '/run/plugin', '/run/plugin2/s', '/run/plugin/../docker.sock', 'plugin1', '']) {
  test(`a plugin cannot name ${JSON.stringify(outside)} outside the shared directory`, () => {
    assert.throws(() => addresses.pluginToHost(unix(outside)), { code: 'ERR_DIAL', message: /PLUGIN_UNIX_SOCKET_DIR/ });
  });
}

test('TCP reaches across only on the network of the host', () => {
  const tcp = { network: 'tcp', address: '127.0.0.1:1234' } as const;
  assert.throws(() => addresses.pluginToHost(tcp), { code: 'ERR_DIAL', message: /network none/ });
  assert.deepEqual(containerAddresses(dir, 'host').pluginToHost(tcp), tcp);
});
