import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostMismatch, hostWarning, takesHost } from '../../../packages/store/src/versions/host-version.js';

const manifest = { hosts: { acme: '>=3.2.0 <4' } };

for (const [version, taken] of [
  ['3.2.0', true],
  ['3.9.9', true],
  ['3.1.9', false],
  ['4.0.0', false],
  // Prereleases of the application are compared as versions: testers run the plugins that users will run.
  ['3.3.0-beta.2', true],
  ['3.2.0-beta', false],
] as const)
  test(`a plugin for ${manifest.hosts.acme} ${taken ? 'takes' : 'does not take'} acme ${version}`, () =>
    assert.equal(takesHost(manifest, { name: 'acme', version }), taken));

test('a manifest without the application takes every version of it', () => {
  assert.equal(takesHost({}, { name: 'acme', version: '1.0.0' }), true);
  assert.equal(takesHost({ hosts: { other: '^9' } }, { name: 'acme', version: '1.0.0' }), true);
  assert.equal(takesHost({ hosts: {} }, { name: 'constructor', version: '1.0.0' }), true);
  assert.equal(takesHost(manifest, undefined), true);
});

test('a version that is no semantic version is taken, with a warning that names both', () => {
  const host = { name: 'acme', version: 'dev' };
  assert.equal(takesHost(manifest, host), true);
  assert.match(hostWarning('kv 1.0.0', manifest, host) ?? '', /kv 1\.0\.0 is for acme >=3\.2\.0 <4, .* is "dev"/);
  assert.equal(hostWarning('kv 1.0.0', manifest, { name: 'acme', version: '3.2.0' }), undefined);
  assert.equal(hostWarning('kv 1.0.0', {}, host), undefined);
});

test('the error names both sides and the newest version that would fit', () => {
  const error = hostMismatch('kv 2.0.0', manifest, { name: 'acme', version: '3.0.0' }, '1.4.2');
  assert.equal(error.code, 'ERR_HOST_VERSION');
  assert.equal(
    error.message,
    'kv 2.0.0 is for acme >=3.2.0 <4, and this is acme 3.0.0. The newest version that fits is 1.4.2.',
  );
  assert.match(
    hostMismatch('kv 2.0.0', manifest, { name: 'acme', version: '3.0.0' }, undefined).message,
    /Update acme/,
  );
});
