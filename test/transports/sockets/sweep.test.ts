import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { describeThisProcessNow, type ProcessDescription } from '../../../src/processes/this-process.js';
import { createSocketDir } from '../../../src/transports/sockets/socket-dir.js';
import { sweepSocketDirs } from '../../../src/transports/sockets/sweep.js';

const linuxOnly = { skip: process.platform === 'linux' ? false : 'boot and pid namespace are known on Linux only' };

const never = new AbortController().signal;

describe('the private directories that killed processes have left', linuxOnly, () => {
  const root = mkdtempSync(join(tmpdir(), 'w'));
  const self = describeThisProcessNow();
  let exited: ProcessDescription = self;
  let count = 100_000;

  before(async () => {
    const child = spawn(process.execPath, ['-e', '']);
    exited = { ...self, pid: child.pid!, startTime: '1' };
    await once(child, 'exit');
  });

  after(() => rmSync(root, { recursive: true }));

  /** A private directory with a socket that nobody listens on any more. */
  async function leftover(owners?: unknown): Promise<string> {
    const path = join(root, `plugin-dir${(count += 1)}`);
    mkdirSync(path, { mode: 0o700 });
    const server = createServer().listen(join(path, 'bound'));
    await once(server, 'listening');
    // The file stays: under another name, which `close` does not remove.
    renameSync(join(path, 'bound'), join(path, 'plugin1'));
    await new Promise((resolve) => server.close(resolve));
    if (owners !== undefined) writeFileSync(join(path, 'owner.json'), JSON.stringify(owners));
    return path;
  }

  test('are removed when all owners have exited', async () => {
    const path = await leftover([exited]);
    await sweepSocketDirs(never, root);
    assert.equal(existsSync(path), false);
  });

  test('are removed when the pid belongs to a later process', async () => {
    const path = await leftover([{ ...self, startTime: String(Number(self.startTime) - 1) }]);
    await sweepSocketDirs(never, root);
    assert.equal(existsSync(path), false);
  });

  const kept: readonly (readonly [what: string, owners: () => unknown])[] = [
    ['the owner runs', () => [self]],
    ['one of two owners runs', () => [exited, self]],
    ['the owner is of another pid namespace', () => [{ ...exited, pidNamespace: 'pid:[1]' }]],
    ['the owner is of another boot, or machine', () => [{ ...exited, bootId: 'another' }]],
    ['the owner does not say of which system it is', () => [{ pid: exited.pid, startTime: '1' }]],
    ['the owner has no start time', () => [{ ...exited, startTime: undefined }]],
    ['nobody is noted', () => undefined],
    ['the note is empty', () => []],
    ['the note is no list', () => exited],
    ['the note has something else', () => [{ ...exited, pid: '17' }]],
  ];
  for (const [what, owners] of kept) {
    test(`stay when ${what}`, async () => {
      const path = await leftover(owners());
      await sweepSocketDirs(never, root);
      assert.equal(existsSync(join(path, 'plugin1')), true);
    });
  }

  test('stay when there is anything but sockets in them', async () => {
    const path = await leftover([exited]);
    writeFileSync(join(path, 'precious'), '');
    await sweepSocketDirs(never, root);
    assert.deepEqual([existsSync(join(path, 'plugin1')), existsSync(join(path, 'precious'))], [true, true]);
  });

  test('stay when they are reached by a symbolic link, or have another name', async () => {
    const outside = mkdtempSync(join(root, 'outside-'));
    const target = await leftover([exited]);
    renameSync(target, join(outside, 'real'));
    symlinkSync(join(outside, 'real'), join(root, 'plugin-dirabcdef'));
    renameSync(await leftover([exited]), join(root, 'plugin-dirs-12345'));
    await sweepSocketDirs(never, root);
    assert.deepEqual(
      [join(outside, 'real', 'plugin1'), join(root, 'plugin-dirs-12345', 'plugin1')].map((path) => existsSync(path)),
      [true, true],
    );
  });

  test('stay when the note is a symbolic link', async () => {
    const path = await leftover();
    writeFileSync(join(root, 'note'), JSON.stringify([exited]));
    symlinkSync(join(root, 'note'), join(path, 'owner.json'));
    await sweepSocketDirs(never, root);
    assert.equal(existsSync(join(path, 'plugin1')), true);
  });

  test('stay when they, or the note, belong to another user', {
    skip: process.getuid?.() === 0 ? false : 'only root can give files away',
  }, async () => {
    const { chownSync } = await import('node:fs');
    const theirs = await leftover([exited]);
    chownSync(theirs, 65_534, 65_534);
    const noted = await leftover([exited]);
    chownSync(join(noted, 'owner.json'), 65_534, 65_534);
    await sweepSocketDirs(never, root);
    assert.deepEqual([existsSync(theirs), existsSync(noted)], [true, true]);
  });

  test('stay when they cannot be read', {
    skip: process.getuid?.() === 0 ? 'root can read everything' : false,
  }, async () => {
    const path = await leftover([exited]);
    chmodSync(path, 0);
    await sweepSocketDirs(never, root);
    chmodSync(path, 0o700);
    assert.equal(existsSync(join(path, 'plugin1')), true);
  });

  test('stay for a pause after a sweep, but not after one that was ended', async () => {
    const pauseMs = 3_600_000;
    const path = await leftover([exited]);
    await sweepSocketDirs(AbortSignal.abort(), root, { pauseMs: 0 });
    await sweepSocketDirs(never, root, { pauseMs });
    assert.equal(existsSync(path), false);
    const later = await leftover([exited]);
    await sweepSocketDirs(never, root, { pauseMs });
    assert.equal(existsSync(later), true);
    await sweepSocketDirs(never, root);
    assert.equal(existsSync(later), false);
  });

  test('a directory that cannot be listed makes no sweep fail', async () => {
    await sweepSocketDirs(never, join(root, 'nowhere'));
  });

  test('a note is written anew, and not into what was put in its place', async () => {
    const directory = await createSocketDir({ tempDir: root });
    const note = join(directory.path, 'owner.json');
    assert.deepEqual(JSON.parse(readFileSync(note, 'utf8')), [self]);
    const precious = join(root, 'precious');
    writeFileSync(precious, 'kept');
    for (const put of [symlinkSync, linkSync]) {
      rmSync(note, { force: true });
      put(precious, note);
      directory.noteOwners([self, exited]);
      assert.deepEqual(JSON.parse(readFileSync(note, 'utf8')), [self, exited]);
      assert.equal(readFileSync(precious, 'utf8'), 'kept');
    }
    // Shorter than what is there, as for a plugin that outlives its host.
    for (const owners of [[self], [exited], [self, exited]]) {
      directory.noteOwners(owners);
      assert.deepEqual(JSON.parse(readFileSync(note, 'utf8')), owners);
    }
    directory.noteOwners([]);
    assert.equal(existsSync(note), false);
    directory.remove();
    assert.equal(existsSync(directory.path), false);
  });
});
