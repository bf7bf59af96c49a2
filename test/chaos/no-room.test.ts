import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PluginError } from '../../src/index.js';
import { fixture, testEnv } from '../fixtures/fixture.js';
import { bounded, clientOf, endOf, serving, watchEverything } from './chaos.js';

const outer = tmpdir();
const assertNothingLeft = watchEverything();
const isRoot = process.getuid?.() === 0;
const linuxRoot = { skip: process.platform === 'linux' && isRoot ? false : 'only root on Linux can make a full disk' };
const posix = { skip: process.platform === 'win32' ? 'there are no private socket directories on Windows' : false };

/** An empty file system of so many files and directories, its root one of them. */
function disk(options: string): string {
  const path = mkdtempSync(join(outer, 'd'));
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', path], { encoding: 'utf8' });
  after(() => {
    if (status === 0) spawnSync('umount', ['--lazy', path]);
    rmdirSync(path);
  });
  assert.equal(status, 0, stderr);
  return path;
}

/** A directory in which nothing can be made, by root neither. */
function unwritable(): string {
  if (isRoot && process.platform === 'linux') return disk('ro');
  const path = mkdtempSync(join(outer, 'd'));
  chmodSync(path, 0o500);
  after(() => rmdirSync(path));
  return path;
}

async function failsToMakeIt(tempDir: string, reason: RegExp): Promise<void> {
  const client = clientOf(...serving({}), { unixSocket: { tempDir } });
  await assert.rejects(bounded('the failure', client.start()), (error) => {
    assert.ok(PluginError.is(error) && error.code === 'ERR_LISTEN', String(error));
    assert.match(error.message, reason);
    assert.ok(error.message.includes(tempDir), error.message);
    return true;
  });
  const end = await endOf(client);
  assert.equal(end.reason.kind, 'failed');
  assert.equal(end.exit, undefined);
  assert.deepEqual(readdirSync(tempDir), []);
  await assertNothingLeft();
}

test('a full disk: the directory for the sockets cannot be made, and no plugin is started', linuxRoot, async () => {
  await failsToMakeIt(disk('nr_inodes=1'), /ENOSPC/);
});

test('a directory that cannot be written to: no plugin is started', posix, async () => {
  await failsToMakeIt(unwritable(), /EROFS|EACCES/);
});

test('a disk that is full when the plugin makes its socket: its last words say so', linuxRoot, async () => {
  const tempDir = disk('nr_inodes=2');
  const client = clientOf(...serving({}), { unixSocket: { tempDir } });
  await assert.rejects(bounded('the failure', client.start()), (error) => {
    assert.ok(PluginError.is(error) && error.code === 'ERR_EXITED_EARLY', String(error));
    assert.equal(error.details.exitCode, 1);
    assert.match(error.details.stderr?.join('\n') ?? '', /ENOSPC: no space left/);
    return true;
  });
  assert.equal((await endOf(client)).reason.kind, 'failed');
  assert.deepEqual(readdirSync(tempDir), []);
  await assertNothingLeft(Number(client.id));
});

test('a plugin that has nowhere to make a socket says so and ends, without a handshake', posix, async () => {
  const [file, ...args] = fixture('serves', '{}');
  const env = testEnv({ TMPDIR: unwritable(), RXPLUG_TEST: 'yes', PLUGIN_PROTOCOL_VERSIONS: '1' });
  const plugin = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    plugin[name].setEncoding('utf8').on('data', (chunk: string) => (said[name] += chunk));
  const [code] = await bounded('the end', once(plugin, 'close'));
  assert.equal(code, 1);
  assert.equal(said.stdout, '');
  assert.match(said.stderr, /No directory for unix sockets could be created in .*(EROFS|EACCES)/);
  await assertNothingLeft(Number(plugin.pid));
});
