import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ReattachConfig } from '../../src/index.js';
import { pollForHost } from '../../src/plugin/host-polls.js';
import { watchHost } from '../../src/plugin/host-watch.js';
import { identify } from '../../src/processes/identity.js';
import { describeThisProcess } from '../../src/processes/this-process.js';
import { ENV } from '../../src/wire/handshake/environment.js';
import { formatHostProcess, type HostProcess, parseHostProcess } from '../../src/wire/handshake/host-process.js';
import { fixture, testEnv } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { firstLine } from '../support/first-line.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { awaitGone, isAlive } from '../support/process-alive.js';

const assertTempDirEmpty = ownTempDir();
const onLinux = { skip: process.platform === 'linux' ? false : 'process tables are read from /proc' };
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const cookie = 'RXPLUG_TEST=yes';
const sleep = ['-e', 'setInterval(() => {}, 1000)'];

/** The end of connections, when the test says so. */
function closings() {
  const connections = new EventEmitter();
  return {
    close: () => void connections.emit('close'),
    onConnectionClosed(callback: () => void) {
      connections.on('close', callback);
      return () => void connections.off('close', callback);
    },
  };
}

/** In steps: a timer that is set within a tick of Node 20 counts from the end of it. */
function advance({ mock }: TestContext, ms: number, stepMs = 20): void {
  for (let passed = 0; passed < ms; passed += stepMs) mock.timers.tick(stepMs);
}

/** Polls until the condition has come about; bounded. */
async function until(condition: () => boolean, what: string): Promise<void> {
  const poll = async (): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await within(20_000, what, poll());
}

const pidsIn = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as [plugin: number, near: number, far: number];

const NODE_WRAPPER = `
  const { spawn } = require('node:child_process');
  spawn(process.argv[1], process.argv.slice(2), { stdio: 'inherit' });
`;

/** Programs that run the plugin as their child and wait for it. */
const WRAPPERS = {
  'no wrapper': undefined,
  'bash -c': ['bash', '-c', '"$@"; true', 'bash'],
  timeout: ['timeout', '600'],
  'a Node program, as npx and tsx are': [process.execPath, '-e', NODE_WRAPPER, '--'],
  'npm exec': ['bash', '-c', 'npm exec --silent --offline -c "$(printf "%q " "$@")"', 'bash'],
} as const;

const STARTS: Readonly<
  Record<string, { readonly wrapper?: readonly string[]; readonly grpcBrokerMultiplex?: boolean }>
> = {
  ...Object.fromEntries(
    Object.entries(WRAPPERS).map(([name, wrapper]) => [name, wrapper === undefined ? {} : { wrapper }]),
  ),
  // Its only connection ends with the host, and it with that, before the watch looks.
  multiplexed: { grpcBrokerMultiplex: true },
};

for (const [name, started] of Object.entries(STARTS)) {
  test(
    `a plugin whose host was killed ends with its children and its wrapper, and leaves no directory: ${name}`,
    onLinux,
    async () => {
      const children = join(tmpdir(), 'pids');
      const wanted = [{ behaviour: { children }, ...started }];
      const script = fileURLToPath(new URL('../fixtures/hosts/starts-plugins.js', import.meta.url));
      const host = spawn(process.execPath, [script, JSON.stringify(wanted)], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [config] = JSON.parse(await firstLine(host.stdout)) as readonly ReattachConfig[];
      const pids = pidsIn(children);
      assert.equal(pids[0] === config!.pid, started.wrapper === undefined);
      host.kill('SIGKILL');
      await once(host, 'exit');
      for (const pid of [...pids, config!.pid!]) await awaitGone(pid, 20_000);
      await until(() => !existsSync(dirname(config!.address)), 'the end of the directory');
      rmSync(children);
      assertTempDirEmpty();
    },
  );
}

for (const name of ['never', 'late'])
  test(
    `a plugin whose host was killed before it served ends with its children, and leaves no directory: ${name}`,
    onLinux,
    async () => {
      const host = spawn(process.execPath, [fixture('prepares-slowly', name)[1]!, 'host', name], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [plugin, child, directory] = JSON.parse(await firstLine(host.stdout)) as [number, number, string];
      host.kill('SIGKILL');
      await once(host, 'exit');
      for (const pid of [plugin, child]) await awaitGone(pid, 20_000);
      await until(() => !existsSync(directory), 'the end of the directory');
      assertTempDirEmpty();
    },
  );

/** What a Go host does: no group of its own, no variables of rxplug. Prints the pid of another child of its own. */
const GO_LIKE_HOST = `
  const { spawn } = require('node:child_process');
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const plugin = spawn(process.argv[1], process.argv.slice(2), { stdio: ['ignore', 'pipe', 'ignore'] });
  plugin.stdout.once('data', () => console.log(other.pid));
`;

async function goLikeHost(behaviour: object, extra: Record<string, string> = {}) {
  const env = testEnv({ [handshake.magicCookieKey]: handshake.magicCookieValue, ...extra });
  const args = ['-e', GO_LIKE_HOST, '--', ...fixture('serves', JSON.stringify(behaviour))];
  // A group of its own in the place of a shell's, so that a mistake does not end the test.
  const host = spawn(process.execPath, args, { env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  return { host, other: Number(await firstLine(host.stdout)) };
}

test(
  'a plugin of a host without a group of its own ends its descendants alone when that was killed',
  onLinux,
  async () => {
    const children = join(tmpdir(), 'pids');
    const { host, other } = await goLikeHost({ children });
    const [plugin, near, far] = pidsIn(children);
    host.kill('SIGKILL');
    await once(host, 'exit');
    for (const pid of [plugin, near]) await awaitGone(pid, 20_000);
    assert.deepEqual([other, far].map(isAlive), [true, true], 'neither the group nor what was detached');
    for (const pid of [other, far]) process.kill(pid, 'SIGKILL');
    for (const pid of [other, far]) await awaitGone(pid);
    rmSync(children);
  },
);

test('a plugin watches the process that started it, on this system', onLinux, async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  const here = await describeThisProcess();
  const exited = { ...here, pid: child.pid!, cookie };
  const polls = (host: HostProcess | undefined, seconds = 10, connections: () => number = () => 1) => {
    let exit: unknown = 'none';
    const watched = { host, handshake, connections, onConnectionClosed: () => () => {} };
    const { stop } = watchHost(watched, (found) => (exit = found));
    advance(t, seconds * 1000, 1000);
    stop();
    return exit;
  };
  assert.equal(polls(undefined), 'none');
  assert.equal(polls({ ...here, cookie }), 'none', 'it runs');
  assert.deepEqual(polls(exited), { isConfirmed: true });
  assert.deepEqual(polls({ ...here, startTime: '1', cookie }), { isConfirmed: true }, 'its pid has a new owner');
  assert.equal(polls({ ...exited, cookie: 'OTHER=yes' }), 'none', 'inherited from an outer host');
  const elsewhere = { ...exited, pidNamespace: 'pid:[1]' };
  assert.equal(polls(elsewhere, 1000), 'none', 'it is connected');
  assert.equal(
    polls(elsewhere, 1000, () => 0),
    'none',
    'it was never connected',
  );
  // At the first poll it is connected.
  let looks = 0;
  const left = () => (looks++ < 2 ? 1 : 0);
  assert.deepEqual(polls(elsewhere, 100, left), { isConfirmed: false });
});

test('a host on another system that is killed right after it connected counts as gone a minute later', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const host = { ...(await describeThisProcess()), pidNamespace: 'pid:[1]', cookie };
  const closed = closings();
  const exits: unknown[] = [];
  const { stop } = watchHost({ host, handshake, connections: () => 0, ...closed }, (exit) => exits.push(exit));
  advance(t, 500);
  // Opened and closed between two polls.
  closed.close();
  advance(t, 59_000);
  assert.deepEqual(exits, []);
  advance(t, 2000);
  assert.deepEqual(exits, [{ isConfirmed: false }]);
  stop();
});

test(
  'a host that was killed is found by the end of its connection, and without one within a second',
  onLinux,
  async (t) => {
    const child = spawn(process.execPath, sleep);
    await once(child, 'spawn');
    const { startTime } = (await identify(child.pid!))!;
    const host = { ...(await describeThisProcess()), pid: child.pid!, startTime: startTime!, cookie };
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const closed = closings();
    const exits: unknown[] = [];
    let open = 1;
    const watched = { host, handshake, connections: () => open, ...closed };
    const { stop } = watchHost(watched, (exit) => exits.push(exit));
    advance(t, 20_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    advance(t, 1000);
    assert.equal(exits.length, 0, 'a plugin that is connected is not woken every second');
    open = 0;
    closed.close();
    advance(t, 20);
    assert.deepEqual(exits, [{ isConfirmed: true }]);
    stop();
    const unconnected = { host, handshake, connections: () => 0, onConnectionClosed: () => () => {} };
    const second = watchHost(unconnected, (exit) => exits.push(exit));
    advance(t, 1000);
    assert.equal(exits.length, 2);
    second.stop();
  },
);

test('after the end of a connection the polls become rarer, and an open one settles them', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const closed = closings();
  let open = 0;
  const waits: number[] = [];
  const stop = pollForHost({ connections: () => open, ...closed }, ({ waitedMs }) => void waits.push(waitedMs));
  advance(t, 3000);
  assert.deepEqual(waits.splice(0), [1000, 1000, 1000]);
  closed.close();
  advance(t, 2280);
  assert.deepEqual(waits.splice(0), [20, 20, 40, 80, 160, 320, 640, 1000]);
  open = 1;
  advance(t, 40_000);
  assert.deepEqual(new Set(waits.slice(-2)), new Set([10_000]));
  stop();
  waits.length = 0;
  closed.close();
  advance(t, 20_000);
  assert.deepEqual(waits, []);
});

test('a host process is passed on as JSON, and anything else is no host process', () => {
  const host: HostProcess = { pid: 1, startTime: '2', bootId: 'b', pidNamespace: 'n', cookie };
  assert.deepEqual(parseHostProcess(formatHostProcess(host)), host);
  assert.deepEqual(parseHostProcess('{"pid":7,"cookie":"a=b","startTime":3}'), { pid: 7, cookie: 'a=b' });
  for (const text of [
    undefined,
    '',
    '7',
    'null',
    '{}',
    '{"pid":0,"cookie":""}',
    '{"pid":1.5,"cookie":""}',
    '{"pid":1}',
    '{',
  ])
    assert.equal(parseHostProcess(text), undefined, text);
  assert.equal(ENV.hostProcess, 'RXPLUG_HOST_PROCESS');
});
