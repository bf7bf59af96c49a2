import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../../../packages/store/src/errors.js';
import { choosePlatform, currentPlatform, platformKeys } from '../../../packages/store/src/versions/platform.js';

const advice = 'Ask for one.';
const linux = { platform: 'linux', arch: 'x64' };

test('the platform of this process is what Node says of it', () => {
  const facts = currentPlatform();
  assert.equal(facts.platform, process.platform);
  assert.equal(facts.arch, process.arch);
  assert.equal(typeof facts.musl, 'boolean');
});

test('with musl the program for musl comes first, then the one for any C library', () => {
  assert.deepEqual(platformKeys({ ...linux, musl: true }), ['linux-x64-musl', 'linux-x64', 'any']);
  assert.deepEqual(platformKeys({ ...linux, musl: false }), ['linux-x64', 'any']);
});

test('with glibc the program for musl is not taken', () => {
  const keys = platformKeys({ ...linux, musl: false });
  assert.throws(() => choosePlatform({ 'linux-x64-musl': 1 }, keys, { what: 'kv 1.0.0', advice }), {
    code: 'ERR_PLATFORM',
  });
});

test('a platform of its own is preferred to `any`', () => {
  const keys = platformKeys({ ...linux, musl: false });
  assert.equal(choosePlatform({ any: 1, 'linux-x64': 2 }, keys, { what: 'kv', advice }), 'linux-x64');
  assert.equal(choosePlatform({ any: 1, 'darwin-arm64': 2 }, keys, { what: 'kv', advice }), 'any');
});

test('an error names the platform, those that are there, and what to do', () => {
  const keys = platformKeys({ platform: 'linux', arch: 'arm64', musl: false });
  assert.throws(
    () => choosePlatform({ 'linux-x64': 1, 'darwin-arm64': 1 }, keys, { what: 'kv 1.0.0', advice }),
    (error: unknown) =>
      StoreError.is(error) &&
      error.message === 'kv 1.0.0 has nothing for linux-arm64. It has: darwin-arm64, linux-x64. Ask for one.',
  );
});

test('a name of Object is no platform', () => {
  assert.throws(() => choosePlatform({}, ['constructor'], { what: 'kv', advice }), { code: 'ERR_PLATFORM' });
});
