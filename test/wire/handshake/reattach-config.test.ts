import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PluginError } from '../../../src/errors.js';
import { type ReattachConfig, resolveReattachConfig } from '../../../src/wire/handshake/reattach-config.js';

const config: ReattachConfig = {
  protocol: 'grpc',
  protocolVersion: 5,
  network: 'unix',
  address: '/tmp/plugin1',
  id: '17',
  pid: 17,
  startTime: '4711',
  test: true,
};

test('a config survives JSON', () => {
  assert.deepEqual(resolveReattachConfig(JSON.parse(JSON.stringify(config)) as ReattachConfig), config);
});

test('K-08 a protocol that is missing or empty means net/rpc', () => {
  const rest = { network: 'tcp', address: '127.0.0.1:1' } as const;
  const expected = { ...rest, protocol: 'netrpc', protocolVersion: 0, test: false };
  assert.deepEqual(resolveReattachConfig(rest), expected);
  assert.deepEqual(resolveReattachConfig({ ...rest, protocol: '' }), expected);
});

for (const [name, value] of Object.entries({
  protocol: 'http',
  protocolVersion: 1.5,
  network: 'udp',
  address: '',
  id: '',
  pid: 0,
  startTime: 3,
  test: 'yes',
})) {
  test(`a config whose ${name} is ${JSON.stringify(value)} is refused, and told which`, () => {
    assert.throws(
      () => resolveReattachConfig({ ...config, [name]: value } as ReattachConfig),
      (error) => PluginError.is(error) && error.code === 'ERR_OPTIONS' && error.message.includes(`reattach.${name}`),
    );
  });
}

test('a pid that would address a process group is refused', () => {
  for (const pid of [-1, -17, 0, Number.NaN, 2 ** 60])
    assert.throws(() => resolveReattachConfig({ ...config, pid }), /reattach\.pid/);
});
