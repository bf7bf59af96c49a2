import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs, startDockerRegistry } from '../sources/oci/registries.js';
import { failure, good, json, newPlace, publish, STORE } from './published.js';

test('a plugin is pushed to a registry, and added from there', needs('dockerRegistry'), async (t) => {
  const { folder, key } = await publish('1.0.0', '1.1.0-rc.1');
  const { host } = await startDockerRegistry(t);
  const address = `oci://${host}/acme/kv`;
  const pushed = await json<{ address: string; version: string }>(folder, ['push', '.', address]);
  assert.deepEqual(
    [pushed.address, pushed.version],
    [address, '1.0.0'],
    'a prerelease is only pushed when it is named',
  );
  assert.match((await good(folder, ['push', '.', address, '--release', '1.1.0-rc.1'])).stdout, / 1\.1\.0-rc\.1 /);
  assert.match(await failure(2, folder, ['push', '.', 'https://example.com']), /oci:\/\/HOST\/NAME/);

  const cwd = newPlace();
  await good(cwd, ['add', address, '--trust', key, ...STORE]);
  assert.equal((await good(cwd, ['verify', ...STORE])).stdout, 'kv 1.0.0: good\n');
});
