/** Real file systems that are full, or cannot be written to. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { publish } from '../support/published.js';
import { rig } from '../support/store-rig.js';

const script = fileURLToPath(new URL('installs.js', import.meta.url));

/** Namespaces of one's own, in which a test may mount. Missing in some containers; CI has them. */
const possible = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
const skip = possible || process.env['CI'] === 'true' ? false : '`unshare -rm` cannot mount here';

function inNamespace(commands: string, ...args: string[]) {
  return spawnSync('unshare', ['-rm', 'sh', '-ec', commands, 'sh', ...args], { encoding: 'utf8' });
}

async function locked(bytes: number) {
  const at = rig();
  publish(at.published, { version: '1.0.0', files: { 'plugin.cjs': '1', 'data.bin': randomBytes(bytes) } });
  await at.store().add(at.address);
  rmSync(at.directory, { recursive: true });
  mkdirSync(at.directory);
  return at;
}

/** The archive has more than the file system; or has less, and what is unpacked more. */
for (const [when, bytes] of [
  ['while it downloads', 3_000_000],
  ['while it unpacks', 700_000],
] as const)
  test(`a disk that is full ${when} is a typed error, and nothing is left`, { skip }, async () => {
    const at = await locked(bytes);
    const { stdout, stderr } = inNamespace(
      'mount -t tmpfs -o size=1m none "$1"; "$2" "$3" "$4" "$1" || true; find "$1" -mindepth 1 -not -name tmp',
      at.directory,
      process.execPath,
      script,
      at.lock,
    );
    assert.match(stderr, /StoreError: .*cannot be put into the store .*The disk is full\. Free some space/);
    assert.match(stderr, /code: 'ERR_STORE'/);
    assert.equal(stdout, '');
  });

test('a store that cannot be written to can be used, also by an installation', { skip }, async () => {
  const at = await locked(1000);
  await at.store().install();
  const { stdout, stderr } = inNamespace(
    'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; "$2" "$3" "$4" "$1"',
    at.directory,
    process.execPath,
    script,
    at.lock,
  );
  assert.equal(stdout, 'used\n', stderr);
});

test('a store that cannot be written to and has not the plugin is a typed error', { skip }, async () => {
  const at = await locked(1000);
  const { status, stderr } = inNamespace(
    'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; "$2" "$3" "$4" "$1"',
    at.directory,
    process.execPath,
    script,
    at.lock,
  );
  assert.equal(status, 1);
  assert.match(stderr, /StoreError: .*cannot be written to\. Install where it can/);
});

test('the folder of the store follows the conventions of each system', async () => {
  const { storeDirectory } = await import('../../../packages/store/src/store/store-directory.js');
  const home = '/home/ann';
  const of = (platform: NodeJS.Platform, env = {}) => storeDirectory({ platform, env, home });
  assert.equal(of('linux'), join(home, '.cache/rxplug/store/v1'));
  assert.equal(of('linux', { XDG_CACHE_HOME: '/cache' }), '/cache/rxplug/store/v1');
  assert.equal(of('linux', { XDG_CACHE_HOME: 'relative' }), join(home, '.cache/rxplug/store/v1'));
  assert.equal(of('darwin'), join(home, 'Library/Caches/rxplug/store/v1'));
  assert.equal(of('win32', { LOCALAPPDATA: '/local' }), '/local/rxplug/store/v1');
});
