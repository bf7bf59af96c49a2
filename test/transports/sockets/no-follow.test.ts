import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { TransportError } from '../../../src/errors.js';
import { dialerTo } from '../../../src/transports/sockets/dial.js';
import { findNoFollow } from '../../../src/transports/sockets/no-follow.js';
import { removeDirectory } from '../../../src/transports/sockets/remove-directory.js';
import { giveToGroup } from '../../../src/transports/sockets/socket-group.js';
import { listenUnix } from '../../../src/transports/sockets/unix.js';

const fails = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof TransportError && error.code === code && message.test(error.message);

describe('a shared socket directory', { skip: process.platform === 'win32' && 'no unix sockets' }, () => {
  const gid = String(process.getgid?.() ?? 0);
  const directory = mkdtempSync(join(tmpdir(), 'nf'));
  after(() => rmSync(directory, { recursive: true }));

  test('owner and mode of the target of a symbolic link are not changed', async () => {
    const precious = join(directory, 'precious');
    const link = join(directory, 'plugin1');
    writeFileSync(precious, '', { mode: 0o600 });
    symlinkSync(precious, link);
    await assert.rejects(giveToGroup(link, gid, 0o660), fails('ERR_LISTEN', /replaced by another file/));
    assert.equal(statSync(precious).mode & 0o777, 0o600);
  });

  test('owner and mode of a file, or of a socket with another name, are not changed', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '', { mode: 0o600 });
    await assert.rejects(giveToGroup(file, gid, 0o660), fails('ERR_LISTEN', /replaced/));
    const listener = await listenUnix({ socketDir: directory });
    const other = join(directory, 'other-name');
    linkSync(listener.address.address, other);
    const { mode } = statSync(other);
    await assert.rejects(giveToGroup(other, gid, 0o660), fails('ERR_LISTEN', /replaced/));
    assert.equal(statSync(other).mode, mode);
    await listener.close();
  });

  test('a socket is not reached through a symbolic link', async () => {
    const listener = await listenUnix({ socketDir: directory });
    const link = join(directory, 'link');
    symlinkSync(listener.address.address, link);
    const dialing = dialerTo({ network: 'unix', address: link }).dial();
    await assert.rejects(dialing, fails('ERR_DIAL', /link: it is a symbolic link/));
    (await dialerTo(listener.address).dial()).destroy();
    await listener.close();
  });

  test('removing a directory removes links in it, not their targets', () => {
    const outside = join(directory, 'outside');
    const doomed = join(directory, 'doomed');
    mkdirSync(outside);
    writeFileSync(join(outside, 'precious'), '');
    mkdirSync(join(doomed, 'deep', 'deeper'), { recursive: true });
    writeFileSync(join(doomed, 'deep', 'deeper', 'file'), '');
    symlinkSync(outside, join(doomed, 'deep', 'link'));
    symlinkSync(outside, join(directory, 'link-itself'));
    removeDirectory(join(directory, 'link-itself'));
    removeDirectory(doomed);
    removeDirectory(doomed);
    assert.equal(existsSync(doomed), false);
    assert.deepEqual(readdirSync(outside), ['precious']);
  });

  const linuxOnly = { skip: process.platform !== 'linux' && 'files are held by descriptor on Linux only' };
  test('an opened file stays the same when its path is replaced', linuxOnly, () => {
    const path = join(directory, 'replaced');
    writeFileSync(path, 'found');
    const found = findNoFollow(path);
    writeFileSync(`${path}.new`, 'other');
    renameSync(`${path}.new`, path);
    assert.equal(readFileSync(found.path, 'utf8'), 'found');
    found.close();
    found.close();
    assert.throws(() => findNoFollow(join(directory, 'nowhere')), { code: 'ENOENT' });
  });
});

test('an abstract socket is dialed by its name with @, as in Go', { skip: process.platform !== 'linux' }, async () => {
  const name = `rxplug-${process.pid}`;
  const server = createServer((socket) => socket.end('hello')).listen({ path: `\0${name}` });
  await once(server, 'listening');
  const reachable = readFileSync('/proc/net/unix', 'latin1').includes(`@${name}`);
  const dialing = dialerTo({ network: 'unix', address: `@${name}` }).dial();
  if (reachable) {
    const [data] = (await once(await dialing, 'data')) as [Buffer];
    assert.equal(data.toString(), 'hello');
  } else {
    // Node 20 cuts the name at its first byte, which is zero.
    await assert.rejects(dialing, fails('ERR_DIAL', new RegExp(`unix @${name}: .*ECONNREFUSED.*@${name}. .*Node 20`)));
  }
  server.close();
});

for (const [title, address, hint] of [
  ['a relative path', 'plugin1.sock', /relative path, .*host's working directory: announce an absolute path/],
  ['a URL of gRPC', 'unix:///tmp/s', /URL with the scheme unix, .*announce the path of a socket alone, "\/tmp\/s"/],
] as const)
  test(`the error for ${title} that cannot be dialed says so`, { skip: process.platform === 'win32' }, async () => {
    await assert.rejects(dialerTo({ network: 'unix', address }).dial(), fails('ERR_DIAL', hint));
  });
