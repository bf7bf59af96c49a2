import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSource } from '../../../packages/store/src/sources/open-source.js';
import { PluginError } from '../../../src/errors.js';

test('an address says what kind of source it is of, and opens the same source again', () => {
  for (const address of [
    'dir:///srv/plugins/acme/kv',
    'https://plugins.example/acme/kv',
    'oci://ghcr.io/acme/kv',
    'oci://localhost:5000/kv',
    'oci://ghcr.io/openbao/openbao-plugin-secrets-aws#openbao-plugin-secrets-aws',
    'oci://docker.io/busybox#/bin/busybox',
  ])
    assert.equal(openSource(address, { authorization: 'Bearer x', platforms: ['linux-x64'] }).address, address);
});

for (const address of [
  '',
  'npm:kv',
  'file:///srv',
  'oci://ghcr.io',
  'oci://ghcr.io/acme/kv:1.0.0',
  'oci://ghcr.io/Acme',
  'oci://ghcr.io/a/b#',
  'http://plugins.example',
])
  test(`${JSON.stringify(address)} is no address of a source`, () => {
    assert.throws(
      () => openSource(address),
      (error) => PluginError.is(error) && ['ERR_SOURCE', 'ERR_OPTIONS'].includes(error.code),
    );
  });
