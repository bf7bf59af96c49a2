import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { supervise } from 'rxplug/supervise';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { createStore } from '../../packages/store/src/create-store.js';
import { minisignKey } from '../../packages/store/src/signing/public-key.js';
import { generateKey } from '../../packages/store/src/signing/secret-key.js';
import { publish } from '../store/support/published.js';
import { rig } from '../store/support/store-rig.js';
import { bundlePlugin } from '../support/bundle-plugin.js';

const key = generateKey();
const publicKey = key.publicKey.text;
const files = { 'plugin.mjs': readFileSync(bundlePlugin().file) };
const manifest = { run: { any: ['node', 'plugin.mjs'] }, hosts: { acme: '^3' } };

// Neither an idle plugin nor a watched folder keeps a process alive.
const timer = setInterval(() => undefined, 60_000);
after(() => clearInterval(timer));

/** A place with a published plugin that is locked, where `store` is one of this application. */
async function place() {
  const at = rig(homedir());
  publish(at.published, { version: '1.0.0', files, manifest, platforms: ['any'], key });
  const trust = [minisignKey(publicKey)];
  await at.store({ trust }).add(at.address);
  return { ...at, trust };
}

test('how do I start an installed plugin', async () => {
  const at = await place();
  const store = at.store({ trust: at.trust, host: { name: 'acme', version: '3.4.0' } });
  // #region use
  await store.install();
  await using client = createClient({ ...(await store.use('kv')), handshake, plugins });
  await client.start();
  // #endregion use
  await client.ping();
  assert.equal(client.plugin.version, '1.0.0');
});

test('how does a running plugin get its update', async () => {
  const at = await place();
  const store = at.store({ trust: at.trust });
  // #region supervise
  const plugin = supervise({
    ...(await store.use('kv')),
    handshake,
    plugins,
    supervision: { generation: () => store.use('kv'), reloadOn: store.changes('kv') },
  });
  // #endregion supervise
  try {
    const kv = await plugin.dispense('kv');
    await firstValueFrom(kv.put({ key: 'a', value: Buffer.from('b') }));
  } finally {
    await plugin.stop();
  }
});

test('how do I make a store', async () => {
  const at = await place();
  const made = () => {
    // #region create
    const store = createStore({
      host: { name: 'acme', version: '3.4.0' },
      trust: [minisignKey(publicKey)],
    });
    // #endregion create
    return store;
  };
  const before = process.cwd();
  process.chdir(at.place);
  try {
    assert.deepEqual(
      (await made().list()).map(({ name }) => name),
      ['acme/kv'],
    );
  } finally {
    process.chdir(before);
  }
});

test('how do I install without a network', async () => {
  const at = await place();
  const { trust, lock } = at;
  const directory = join(at.place, 'mirror');
  const store = at.store({ trust });
  const { XDG_CACHE_HOME: before } = process.env;
  process.env['XDG_CACHE_HOME'] = join(at.place, 'other-machine');
  // #region mirror
  // Where there is a network:
  await store.mirror(directory);
  // Where there is none:
  const offline = createStore({ lock, trust, mirror: `dir://${directory}` });
  await offline.install();
  // #endregion mirror
  if (before === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = before;
  assert.match((await offline.use('kv')).cwd, /other-machine/);
});
