/** Installations by several programs, some of which are killed: the store is theirs together. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { publish } from '../support/published.js';
import { namesIn, rig } from '../support/store-rig.js';

const script = fileURLToPath(new URL('installs.js', import.meta.url));

/** Files of a plugin whose archive has about 64 KiB, because they cannot be compressed. */
const files = {
  'plugin.cjs': 'console.log(1)',
  ...Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`data/${index}.bin`, noise(index, 1600)])),
};

function noise(seed: number, bytes: number): Buffer {
  const hashes = Array.from({ length: bytes / 32 }, (_, index) =>
    createHash('sha256').update(`${seed} ${index}`).digest(),
  );
  return Buffer.concat(hashes);
}

async function locked() {
  const at = rig();
  publish(at.published, { version: '1.0.0', files });
  await at.store().add(at.address);
  rmSync(at.directory, { recursive: true });
  return at;
}

/** Runs an installation as a program of its own. */
async function installs(at: { readonly lock: string; readonly directory: string }, ...how: string[]) {
  const child = spawn(process.execPath, [script, at.lock, at.directory, ...how], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, ended] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<string>((resolve) => child.once('exit', (code, signal) => resolve(signal ?? String(code)))),
  ]);
  return { stdout, stderr, ended };
}

for (const how of [
  ['at-bytes', '0'],
  ['at-bytes', '30000'],
  ['at-phase', 'download'],
  ['at-phase', 'unpack'],
  ['after-turns', '1'],
  ['after-turns', '4'],
  ['after-turns', '16'],
  ['after-turns', '64'],
  ['after-turns', '150'],
  ['after-turns', '300'],
  ['after-turns', '600'],
  ['after-turns', '1000'],
  ['after-turns', '2000'],
  ['at-phase', 'installed'],
] as const)
  test(`a program that is killed ${how.join(' ')} leaves nothing that the next one would take for a plugin`, async (t) => {
    const at = await locked();
    const killed = await installs(at, ...how);
    if (how[0] !== 'after-turns') assert.equal(killed.ended, 'SIGKILL', killed.stderr);
    t.diagnostic(`${killed.ended}, with ${readdirSync(at.directory, { recursive: true }).length} files`);
    const next = await installs(at);
    assert.equal(next.stdout, 'used\n', next.stderr);
    at.assertTidy();
    assert.equal(namesIn(at.directory).length, 2);
  });

test('what a killed program had fetched is not fetched again', async () => {
  const at = await locked();
  await installs(at, 'at-bytes', '30000');
  const [name = ''] = namesIn(join(at.directory, 'tmp'));
  const [part = ''] = namesIn(join(at.directory, 'tmp', name));
  const there = readFileSync(join(at.directory, 'tmp', name, part)).length;
  assert.ok(there > 0);
  at.requests.length = 0;
  await at.store().install();
  assert.deepEqual(at.requests, ['release 1.0.0', `open kv_1.0.0_linux-x64.tgz ${there}`]);
  at.assertTidy();
});

test('what a killed program had fetched is fetched again when it is damaged', async () => {
  const at = await locked();
  await installs(at, 'at-bytes', '30000');
  const [name = ''] = namesIn(join(at.directory, 'tmp'));
  const { writeFileSync } = await import('node:fs');
  const [part = ''] = namesIn(join(at.directory, 'tmp', name));
  writeFileSync(join(at.directory, 'tmp', name, part), Buffer.alloc(1000));
  await at.store().install();
  await at.store().use('kv');
  at.assertTidy();
});

test('the directory of a program that runs is left alone', async () => {
  const at = await locked();
  await installs(at, 'at-bytes', '30000');
  const tmp = join(at.directory, 'tmp');
  const [name = ''] = namesIn(tmp);
  // As if this process, which runs, had made it: the same system, its own pid and start time.
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const start = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[19];
  const [, , system, random] = name.split('-');
  const own = `${process.pid}-${start}-${system}-${random}`;
  renameSync(join(tmp, name), join(tmp, own));
  await at.store().install();
  assert.deepEqual(readdirSync(tmp), [own]);
});

test('the directory of a program of another system is left alone as long as it is new', async () => {
  const at = await locked();
  await installs(at, 'at-bytes', '30000');
  const tmp = join(at.directory, 'tmp');
  const [name = ''] = namesIn(tmp);
  const [pid, start, , random] = name.split('-');
  const foreign = `${pid}-${start}-${'0'.repeat(16)}-${random}`;
  renameSync(join(tmp, name), join(tmp, foreign));
  await at.store().install();
  assert.deepEqual(readdirSync(tmp), [foreign]);
  const { utimesSync } = await import('node:fs');
  const longAgo = new Date(Date.now() - 8 * 24 * 3_600_000);
  utimesSync(join(tmp, foreign), longAgo, longAgo);
  await at.store().install();
  at.assertTidy();
});

test('fifty installations at once give one plugin, and all can use it', async () => {
  const at = await locked();
  const results = await Promise.all(Array.from({ length: 50 }, () => installs(at)));
  for (const { stdout, stderr } of results) assert.equal(stdout, 'used\n', stderr);
  at.assertTidy();
  assert.equal(namesIn(at.directory).length, 2);
  assert.ok(existsSync(at.lock));
});
