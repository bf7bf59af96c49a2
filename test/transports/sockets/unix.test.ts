import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { lstat, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TransportError } from '../../../src/errors.js';
import { dialerTo } from '../../../src/transports/sockets/dial.js';
import { createSocketDir } from '../../../src/transports/sockets/socket-dir.js';
import { resolveGroup } from '../../../src/transports/sockets/socket-group.js';
import { listenUnix } from '../../../src/transports/sockets/unix.js';
import { testEnv } from '../../fixtures/fixture.js';
import { within } from '../../support/defer.js';
import { type LoadedFiles, loadedFiles } from '../../support/loaded-files.js';

describe('unix sockets', { skip: process.platform === 'win32' && 'no unix sockets in Node on Windows' }, () => {
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'unix-'));
  });

  after(() => rm(directory, { recursive: true, force: true }));

  const hasCode = (code: string, message: RegExp) => (error: unknown) =>
    error instanceof TransportError && error.code === code && message.test(error.message);

  test('listening on a socket loads nothing that shares it with other processes', async () => {
    const listens = (listen: string) =>
      loadedFiles(
        `import { createServer } from 'node:net'; import { listenUnix } from '${new URL('../../../src/transports/sockets/unix.js', import.meta.url).href}'; ${listen}`,
        directory,
      );
    const shared = ({ builtins }: LoadedFiles) =>
      ['cluster', 'dgram'].map((name) => builtins.has(`NativeModule ${name}`));
    assert.deepEqual(shared(await listens('await (await listenUnix()).close();')), [false, false]);
    // What it is that listens without them.
    const byListen =
      "const server = createServer().listen({ path: 'listens', exclusive: true }, () => server.close());";
    assert.deepEqual(shared(await listens(byListen)), [true, true]);
  });

  test('P-12 a socket is made in a private directory below the temp directory, and P-17 both are removed on close', async () => {
    const listener = await listenUnix();
    const { network, address } = listener.address;
    assert.equal(network, 'unix');
    assert.match(address, /\/plugin-dir[^/]{6}\/plugin\d+$/);
    assert.equal(dirname(dirname(address)), tmpdir());
    assert.equal((await stat(dirname(address))).mode & 0o777, 0o700);
    assert.equal((await lstat(address)).isSocket(), true);
    await listener.close();
    assert.equal(existsSync(dirname(address)), false);
    await listener.close();
  });

  test('P-12 a socket is made in a given directory, and only the socket is removed on close', async () => {
    const listener = await listenUnix({ socketDir: directory });
    assert.match(listener.address.address, /\/plugin\d+$/);
    assert.equal(dirname(listener.address.address), directory);
    await listener.close();
    assert.deepEqual(await readdir(directory), []);
  });

  test('P-11 a connection is accepted before there is a subscriber', async () => {
    const listener = await listenUnix();
    const socket = await dialerTo(listener.address).dial();
    socket.destroy();
    await listener.close();
  });

  test('P-13 directory and socket get the group, by number and by name', async () => {
    const gid = process.getgid?.() ?? 0;
    const listener = await listenUnix({ socketGroup: String(gid) });
    const socketStat = await stat(listener.address.address);
    assert.equal(socketStat.mode & 0o777, 0o660);
    assert.equal(socketStat.gid, gid);
    const dirStat = await stat(dirname(listener.address.address));
    assert.equal(dirStat.mode & 0o777, 0o770);
    assert.equal(dirStat.gid, gid);
    await listener.close();
    const groups = join(directory, 'group');
    await writeFile(groups, 'root:x:0:\nplugins:x:4711:alice,bob\nbroken:x\n');
    assert.equal(await resolveGroup('plugins', groups), 4711);
    assert.equal(await resolveGroup('12', groups), 12);
    await assert.rejects(resolveGroup('broken', groups), /no group "broken"/);
    await rm(groups);
  });

  test('an unknown group is a typed error that leaves nothing behind', async () => {
    const outcome = listenUnix({ tempDir: directory, socketGroup: 'no-such-group' });
    await assert.rejects(outcome, {
      code: 'ERR_OPTIONS',
      message: /no group "no-such-group".*give the group's number/,
    });
    const inGiven = listenUnix({ socketDir: directory, socketGroup: 'no-such-group' });
    await assert.rejects(inGiven, { code: 'ERR_OPTIONS', message: /no-such-group/ });
    assert.deepEqual(await readdir(directory), []);
  });

  test('listening at and dialing a path that is too long is an error that says what to do, and leaves nothing behind', async () => {
    const socketDir = await createSocketDir({ tempDir: directory });
    const { path } = socketDir;
    const long = join(path, 'x'.repeat(120 - path.length));
    await assert.rejects(
      listenUnix({ socketDir: long }),
      hasCode('ERR_SOCKET_PATH_TOO_LONG', /would have \d{3} bytes, this system allows 10[37].*TMPDIR/),
    );
    await assert.rejects(
      dialerTo({ network: 'unix', address: `${long}/plugin1` }).dial(),
      hasCode('ERR_SOCKET_PATH_TOO_LONG', /TMPDIR/),
    );
    socketDir.remove();
    assert.deepEqual(await readdir(directory), []);
  });

  test('a directory that does not exist is a typed error', async () => {
    const nowhere = join(directory, 'nowhere');
    await assert.rejects(listenUnix({ socketDir: nowhere }), hasCode('ERR_LISTEN', /check that the directory exists/));
    await assert.rejects(listenUnix({ tempDir: nowhere }), hasCode('ERR_LISTEN', /set TMPDIR/));
  });

  for (const way of ['uncaught', 'exit'] as const) {
    test(`socket and directory are removed when the process ends by ${way === 'exit' ? 'process.exit' : 'an uncaught exception'}`, async () => {
      const program = fileURLToPath(new URL('../../fixtures/hosts/listens-and-dies.js', import.meta.url));
      const child = spawn(process.execPath, [program, way], { env: testEnv(), stdio: ['ignore', 'pipe', 'ignore'] });
      const output = text(child.stdout);
      const [code] = await within(20_000, 'the exit', once(child, 'exit'));
      const paths = (await output).trim().split('\n');
      assert.notEqual(code, 0);
      assert.equal(paths.length, 3);
      assert.deepEqual(
        paths.filter((path) => existsSync(path)),
        [],
      );
    });
  }

  test('there is one exit hook, while there is something to remove', async () => {
    const before = process.listenerCount('exit');
    const listeners = await Promise.all([listenUnix(), listenUnix(), listenUnix()]);
    assert.equal(process.listenerCount('exit'), before + 1);
    await Promise.all(listeners.map((listener) => listener.close()));
    assert.equal(process.listenerCount('exit'), before);
  });

  test('the socket directory of a killed plugin is removed, and nothing else', async () => {
    const beside = join(directory, 'beside');
    await writeFile(beside, 'data');
    const socketDir = await createSocketDir({ tempDir: directory });
    const socket = join(socketDir.path, 'plugin1');
    const program = `require('net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`;
    const [, signal] = await within(20_000, 'the exit', once(spawn(process.execPath, ['-e', program]), 'exit'));
    assert.equal(signal, 'SIGKILL');
    assert.ok(existsSync(socket));
    socketDir.remove();
    assert.deepEqual(await readdir(directory), ['beside']);
    await rm(beside);
  });
});
