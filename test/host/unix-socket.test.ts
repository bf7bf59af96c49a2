import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import * as merging from '../../examples/bidirectional/contract.js';
import { RefereeDefinition } from '../../examples/gen/merge.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { createClient } from '../../src/index.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const posix = { skip: process.platform === 'win32' ? 'no unix sockets here' : false };
const plugin = fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url));
const options = { command: [process.execPath, plugin] as [string, string], handshake, plugins };

/** A group of this user, or as root any other than the own one, so that a change shows. */
function someGroup(): { readonly name: string; readonly gid: number } {
  const groups = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , gid]) => ({ name, gid: Number(gid) }));
  const usable = process.getuid?.() === 0 ? groups.map(({ gid }) => gid) : (process.getgroups?.() ?? []);
  const found = groups.find(({ name, gid }) => name !== '' && gid !== process.getgid?.() && usable.includes(gid));
  return found ?? { name: String(process.getgid?.()), gid: process.getgid?.() ?? 0 };
}

test('P-13 a group may enter the directory and connect to the socket, given by name or number', posix, async () => {
  const { name, gid } = someGroup();
  for (const group of [name, String(gid)]) {
    await using client = createClient({ ...options, unixSocket: { group } });
    await client.start();
    const { address } = await firstValueFrom(client.handshake$);
    const [socket, directory] = [statSync(address.address), statSync(dirname(address.address))];
    assert.deepEqual([socket.gid, socket.mode & 0o777], [gid, 0o660]);
    assert.deepEqual([directory.gid, directory.mode & 0o777], [gid, 0o770]);
    await client.ping();
    await client.stop();
    assertTempDirEmpty();
  }
});

test('without a group only the owner may enter the directory', posix, async () => {
  await using client = createClient(options);
  await client.start();
  const { address } = await firstValueFrom(client.handshake$);
  assert.equal(statSync(dirname(address.address)).mode & 0o777, 0o700);
});

test('the directory is made below `tempDir`', posix, async () => {
  const tempDir = mkdtempSync(join(tmpdir(), 'w'));
  const client = createClient({ ...options, unixSocket: { tempDir } });
  await client.start();
  const { address } = await firstValueFrom(client.handshake$);
  assert.equal(dirname(dirname(address.address)), tempDir);
  assert.equal(readdirSync(tempDir).length, 1);
  await client.stop();
  rmdirSync(tempDir);
  assertTempDirEmpty();
});

test(
  'a group that does not exist and a directory that cannot be made fail the start, and leave nothing',
  posix,
  async () => {
    type Given = { readonly group?: string; readonly tempDir?: string };
    const fails = async (unixSocket: Given, code: string, message: RegExp) => {
      const client = createClient({ ...options, unixSocket });
      await assert.rejects(client.start(), { code, message });
      assert.equal(client.id, '');
      assertTempDirEmpty();
    };
    await fails({ group: 'no-such-group' }, 'ERR_OPTIONS', /no group "no-such-group"/);
    await fails({ tempDir: '/nowhere' }, 'ERR_LISTEN', /\/nowhere/);
  },
);

test('a path that leaves no room for a socket is refused before a plugin runs, and leaves nothing', posix, async () => {
  const tempDir = join(tmpdir(), 'x'.repeat(60), 'y'.repeat(60));
  mkdirSync(tempDir, { recursive: true });
  const client = createClient({ ...options, unixSocket: { tempDir } });
  await assert.rejects(client.start(), { code: 'ERR_SOCKET_PATH_TOO_LONG', message: /shorter path/ });
  assert.equal(client.id, '');
  assert.deepEqual(readdirSync(tempDir), []);
  rmSync(dirname(tempDir), { recursive: true });
  assertTempDirEmpty();
});

test('a relative path is resolved by the host, also for a plugin with another working directory', posix, async () => {
  const tempDir = mkdtempSync(join(tmpdir(), 'w'));
  await using client = createClient({
    ...options,
    cwd: dirname(plugin),
    unixSocket: { tempDir: relative(process.cwd(), tempDir) },
  });
  await client.start();
  const { address } = await firstValueFrom(client.handshake$);
  assert.equal(dirname(dirname(address.address)), tempDir);
  await client.stop();
  rmdirSync(tempDir);
});

test('B-12 sockets of the broker are in the directory of the plugin’s socket, with the same group', posix, async () => {
  const { name, gid } = someGroup();
  const merger = fileURLToPath(new URL('../../examples/bidirectional/plugin.js', import.meta.url));
  await using client = createClient({ ...merging, command: [process.execPath, merger], unixSocket: { group: name } });
  await client.start();
  const { address } = await firstValueFrom(client.handshake$);
  const directory = dirname(address.address);
  const seen: (readonly [gid: number, mode: number])[] = [];
  const referee = {
    decide() {
      for (const file of readdirSync(directory).filter((name) => /^plugin\d/.test(name))) {
        const { gid: group, mode } = statSync(join(directory, file));
        seen.push([group, mode & 0o777]);
      }
      return { value: '' };
    },
  };
  const { merge } = await client.dispense('merger');
  const call = { ours: { title: 'a' }, theirs: { title: 'b' } };
  await firstValueFrom(client.broker.lend(RefereeDefinition, referee, (id) => merge({ ...call, referee: id })));
  assert.deepEqual(seen, [
    [gid, 0o660],
    [gid, 0o660],
  ]);
  await client.stop();
  assertTempDirEmpty();
});
