import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { createMark } from '../../src/processes/mark.js';
import { takeSnapshot } from '../../src/processes/snapshot.js';
import { parsePs, parseStat, readProcessTable } from '../../src/processes/table.js';
import { descendantsOf, killEntries, killGroup, killLeftovers, killRoot, treeOf } from '../../src/processes/tree.js';
import { testEnv } from '../fixtures/fixture.js';
import { awaitGone, isAlive } from '../support/process-alive.js';

const linuxOnly = { skip: process.platform !== 'linux' && 'needs /proc' };
const sleep = ['-e', 'setInterval(() => {}, 1000)'];

test('reads a line of /proc/PID/stat whose name holds blanks and brackets', () => {
  const fields = ['S', '7', '6', '5', ...Array.from({ length: 15 }, () => '0'), '4711', '0'];
  assert.deepEqual(parseStat(`42 (a) b (c) ${fields.join(' ')}\n`), {
    pid: 42,
    parentPid: 7,
    groupId: 6,
    sessionId: 5,
    startTicks: 4711,
  });
});

test('takes no zombie and no text that is something else', () => {
  assert.equal(parseStat('42 (x) Z 7 0 0'), undefined);
  assert.equal(parseStat(''), undefined);
  assert.deepEqual(parsePs('    1     0 Ss\n   17     1 Z+\n  900     1 S<l\nrubbish\n'), [
    { pid: 1, parentPid: 0, groupId: 0, sessionId: 0, startTicks: 0 },
    { pid: 900, parentPid: 1, groupId: 0, sessionId: 0, startTicks: 0 },
  ]);
});

test('finds descendants of every degree, and ends on a circle', () => {
  const table = [
    [2, 1],
    [3, 2],
    [4, 3],
    [5, 1],
    [1, 4],
  ].map(([pid = 0, parentPid = 0]) => ({ pid, parentPid, groupId: 0, sessionId: 0, startTicks: 0 }));
  const pids = descendantsOf(2, table).map(({ pid }) => pid);
  assert.deepEqual(pids, [3, 4, 1, 5]);
  assert.deepEqual(descendantsOf(99, table), []);
});

test('finds this process in the table of /proc and of ps', linuxOnly, async () => {
  for (const platform of ['linux', 'darwin'] as const) {
    const entry = (await readProcessTable(platform)).find(({ pid }) => pid === process.pid);
    assert.equal(entry?.parentPid, process.ppid, platform);
  }
  assert.deepEqual(await readProcessTable('win32'), []);
});

test('those who ask for a snapshot while one is taken share the next one, which has what has started since', async () => {
  const before = takeSnapshot();
  await new Promise(setImmediate);
  const child = spawn(process.execPath, sleep, { env: testEnv() });
  await once(child, 'spawn');
  const after = [takeSnapshot(), takeSnapshot(), takeSnapshot()];
  assert.equal(new Set(after).size, 1);
  assert.notEqual(after[0], before);
  const { entries } = await after[0]!;
  if (process.platform === 'linux') assert.ok(entries.some(({ pid }) => pid === child.pid));
  child.kill('SIGKILL');
  await once(child, 'exit');
});

test('after a snapshot that several have asked for, those who ask a little later share one too', async () => {
  const isSharedLater = async (): Promise<boolean> => {
    await Promise.all([takeSnapshot(), takeSnapshot(), takeSnapshot()]);
    const first = takeSnapshot();
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    return takeSnapshot() === first;
  };
  // A machine that gives this process no time may take longer than the pause.
  const shared = [await isSharedLater(), await isSharedLater(), await isSharedLater()];
  assert.ok(shared.includes(true));
});

test('the mark of a nested plugin begins with the mark of its host', () => {
  const outer = createMark(undefined);
  assert.match(outer, /^[0-9a-f]{16}$/);
  assert.match(createMark(outer), new RegExp(`^${outer}/[0-9a-f]{16}$`));
  assert.notEqual(createMark(''), createMark(''));
});

test('kills only what carries the mark, or a mark below it', linuxOnly, async () => {
  const mark = createMark(undefined);
  const run = (value: string) => spawn(process.execPath, sleep, { env: testEnv({ RXPLUG_PROCESS_TREE: value }) });
  const mine = run(mark);
  const nested = run(`${mark}/0000000000000000`);
  const stranger = run(`${mark}0`);
  await Promise.all([once(mine, 'spawn'), once(nested, 'spawn'), once(stranger, 'spawn')]);
  const exits = Promise.all([once(mine, 'exit'), once(nested, 'exit')]);
  await killLeftovers({ pid: 0, ownGroup: false, mark, startTicks: 0 });
  await exits;
  assert.equal(isAlive(Number(stranger.pid)), true);
  stranger.kill('SIGKILL');
  await once(stranger, 'exit');
});

test('of a table that is out of date it kills what is still the same process', linuxOnly, async () => {
  const children = [
    spawn(process.execPath, sleep, { env: testEnv() }),
    spawn(process.execPath, sleep, { env: testEnv() }),
  ];
  await Promise.all(children.map((child) => once(child, 'spawn')));
  const table = await readProcessTable();
  const [same, reused] = children.map(({ pid }) => table.find((entry) => entry.pid === pid)!);
  killEntries([{ ...reused!, startTicks: reused!.startTicks - 1 }, same!]);
  assert.deepEqual(await once(children[0]!, 'exit'), [null, 'SIGKILL']);
  assert.equal(isAlive(reused!.pid), true);
  killEntries([reused!]);
  assert.deepEqual(await once(children[1]!, 'exit'), [null, 'SIGKILL']);
});

test('does not touch a stranger that got the same pid', linuxOnly, async () => {
  const child = spawn(process.execPath, sleep, { detached: true, env: testEnv() });
  await once(child, 'spawn');
  const tree = treeOf(Number(child.pid), 'none', true);
  assert.ok(tree.startTicks > 0);
  const another = { ...tree, startTicks: tree.startTicks - 1 };
  killRoot(another);
  killGroup(another);
  assert.equal(isAlive(tree.pid), true);
  killRoot(tree);
  await awaitGone(tree.pid);
});
