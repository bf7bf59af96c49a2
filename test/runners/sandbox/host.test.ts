import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lastValueFrom } from 'rxjs';
import { plugins } from '../../../examples/grpc-kv/contract.js';
import { createClient, type PluginClient, processRunner, type RunnerFactory } from '../../../src/index.js';
import { type SandboxOptions, sandboxRunner } from '../../../src/sandbox.js';
import { fixture, testEnv } from '../../fixtures/fixture.js';
import { within } from '../../support/defer.js';
import { firstLine } from '../../support/first-line.js';
import { awaitGone } from '../../support/process-alive.js';
import { needsBwrap, OWN_FILES } from '../../support/sandbox.js';

const needed = needsBwrap();
const needsRoot = { skip: needed.skip || (process.getuid?.() !== 0 && 'only root can do that') };
const outer = mkdtempSync(join(tmpdir(), 'h'));
after(() => rmSync(outer, { recursive: true }));

const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };

function clientOf(runner: RunnerFactory, tempDir = outer): PluginClient<{ kv: typeof plugins.kv }> {
  return createClient({ runner, handshake, plugins: { kv: plugins.kv }, unixSocket: { tempDir } });
}

function serving(options: Partial<SandboxOptions> = {}, behaviour: object = {}): RunnerFactory {
  return sandboxRunner({ command: fixture('serves', JSON.stringify(behaviour)), readOnly: OWN_FILES, ...options });
}

async function untilRemoved(directory: string, name: string): Promise<void> {
  const watcher = watch(directory);
  while (existsSync(join(directory, name))) await once(watcher, 'change');
  watcher.close();
}

/** The pids of all processes with MARK=… in their environment. */
function processesWith(mark: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => environment(pid).includes(`\0MARK=${mark}\0`)).map(Number);
}

function environment(pid: string): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`;
  } catch {
    return '';
  }
}

const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill('SIGKILL');
});

function startHost(mark: string, options: object, env: NodeJS.ProcessEnv, uid?: number): ChildProcess {
  const file = fileURLToPath(new URL('../../fixtures/hosts/sandboxing-host.js', import.meta.url));
  const user = uid === undefined ? {} : { uid, gid: uid };
  const args = [file, mark, JSON.stringify(options)];
  const host = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'], ...user });
  children.add(host);
  return host;
}

for (const uid of [undefined, 65534]) {
  const who = uid === undefined ? 'a host' : 'a host that is not root';
  test(`${who} that is killed leaves no process, and a later start removes its sockets`, needsRoot, async () => {
    // The directory of the test run is root's.
    const tempDir = mkdtempSync(join(uid === undefined ? outer : '/tmp', 'rxplug-k'));
    chmodSync(tempDir, 0o777);
    const mark = `killed-${uid}-${process.pid}`;
    const host = startHost(mark, {}, testEnv({ TMPDIR: tempDir }), uid);
    const bwrap = Number(await firstLine(host.stdout!));
    const all = processesWith(mark);
    assert.ok(all.includes(bwrap) && all.length >= 3, `bwrap, its init and the plugin: ${all.join(' ')}`);
    host.kill('SIGKILL');
    await Promise.all(all.map((pid) => awaitGone(pid)));
    const left = readdirSync(tempDir);
    assert.equal(left.length, 1, 'nobody was left to remove the socket directory');
    const removed = untilRemoved(tempDir, left[0]!);
    const next = startHost(mark, {}, testEnv({ TMPDIR: tempDir }), uid);
    const second = Number(await firstLine(next.stdout!));
    await within(20_000, 'the sweep', removed);
    next.kill('SIGKILL');
    await awaitGone(second);
    rmSync(tempDir, { recursive: true });
  });
}

test('a plugin ends with bwrap, and bwrap with the plugin', needed, async () => {
  for (const which of ['bwrap', 'plugin'] as const) {
    const mark = `${which}-${process.pid}`;
    const client = clientOf(serving({ env: { MARK: mark } }));
    await client.start();
    const all = processesWith(mark);
    process.kill(which === 'bwrap' ? Number(client.id) : Math.max(...all), 'SIGKILL');
    const exit = await within(20_000, 'the end', lastValueFrom(client.exit$));
    assert.deepEqual(exit, which === 'bwrap' ? { code: null, signal: 'SIGKILL' } : { code: 137, signal: null });
    await Promise.all(all.map((pid) => awaitGone(pid)));
    await lastValueFrom(client.state$);
  }
  assert.deepEqual(readdirSync(outer), []);
});

test('a limit on memory holds for the plugin and leaves no cgroup', needsRoot, async () => {
  const groups = () => {
    const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/memory'].filter((path) => existsSync(path));
    return roots
      .flatMap((path) => readdirSync(path))
      .filter((name) => name.startsWith(`rxplug-sandbox-${process.pid}-`));
  };
  await using client = clientOf(serving({ memoryBytes: 300 << 20 }));
  await client.start();
  assert.ok(groups().length <= 1);
  await client.stop();
  assert.deepEqual(groups(), []);
});

test('a plugin cannot make its host connect to the socket of somebody else', needed, async () => {
  const directory = mkdtempSync(join(outer, 's'));
  const victim = join(directory, 'victim');
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  }).listen(victim);
  server.unref();
  await once(server, 'listening');
  const announce = (address: string): string => `echo "1|1|unix|${address}|grpc"; exec sleep 1000`;
  const link = '"$PLUGIN_UNIX_SOCKET_DIR/s"';
  const tricks = {
    'another path': announce(victim),
    'a path through the socket directory': announce(
      `$PLUGIN_UNIX_SOCKET_DIR/../${directory.slice(outer.length + 1)}/victim`,
    ),
    'a symbolic link': `ln -s ${victim} ${link}; ${announce('$PLUGIN_UNIX_SOCKET_DIR/s')}`,
    'a link to a folder': `ln -s ${directory} ${link}; ${announce('$PLUGIN_UNIX_SOCKET_DIR/s/victim')}`,
  };
  for (const [trick, script] of Object.entries(tricks)) {
    const command = ['/bin/sh', '-c', script] as const;
    // By a link that is itself the socket, no host connects.
    if (trick !== 'a symbolic link') {
      const plain = clientOf(({ env }) => processRunner({ command, env }));
      const connected = once(server, 'connection');
      await assert.rejects(plain.start());
      await within(20_000, `without a sandbox, a connection by ${trick}`, connected);
    }
    connections = 0;
    const refused = { code: 'ERR_ADDRESS_INVALID', message: /of a plugin in a sandbox cannot be used: / };
    await assert.rejects(clientOf(sandboxRunner({ command })).start(), refused, trick);
    assert.equal(connections, 0, trick);
  }
  server.close();
  rmSync(directory, { recursive: true });
});

test('a plugin on TCP is told to use a unix socket, or works with the network of the host', needed, async () => {
  const expected = {
    code: 'ERR_ADDRESS_INVALID',
    message: /the sandbox has no network\. Let the plugin listen on a unix socket, or .*`network: 'host'`/,
  };
  await assert.rejects(clientOf(serving({}, { network: 'tcp' })).start(), expected);
  await using client = clientOf(serving({ network: 'host' }, { network: 'tcp' }));
  await client.start();
  await client.ping();
});

test(
  'without bwrap, or where it is forbidden, nothing is started, and the error has the words and the cure',
  needed,
  async () => {
    const missing = {
      code: 'ERR_SANDBOX',
      message: /bwrap was not found: install the package `bubblewrap`.*`whenMissing: 'warn'`/s,
    };
    await assert.rejects(clientOf(serving({ bwrap: 'no-such-bwrap' })).start(), missing);
    assert.deepEqual(readdirSync(outer), []);
  },
);

test('a kernel that allows no more user namespaces is told with bwrap’s words', needsRoot, async () => {
  const host = fileURLToPath(new URL('../../fixtures/hosts/sandboxing-host.js', import.meta.url));
  const script = `echo 0 > /proc/sys/user/max_user_namespaces; exec ${process.execPath} ${host} m '{}'`;
  const child = spawn('unshare', ['--user', '--map-root-user', 'sh', '-c', script], {
    env: testEnv(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = await firstLine(child.stdout);
  assert.match(said, /ERR_SANDBOX|StartError/);
  assert.match(
    said,
    /bwrap reports ".*namespace.*"\. The number of user namespaces is limited to 0: raise it with `sysctl/,
  );
});

test('with `whenMissing: warn` it runs all the same, and that is logged', needed, async () => {
  const client = clientOf(serving({ bwrap: 'no-such-bwrap', whenMissing: 'warn' }));
  const all: string[] = [];
  client.logs$.subscribe(({ level, message }) => void all.push(`${level} ${message}`));
  await client.start();
  await client.ping();
  await client.stop();
  assert.match(
    all.join('\n'),
    /^warn The plugin runs without a sandbox, with all rights of the host\. .*bwrap was not found/m,
  );
});

test('a path that does not exist is told before anything starts', needed, async () => {
  const expected = {
    code: 'ERR_OPTIONS',
    message: /^\/no\/such in the `writable` option of sandboxRunner does not exist/,
  };
  await assert.rejects(clientOf(serving({ writable: ['/no/such'] })).start(), expected);
});

test('a script finds its interpreter, wherever that is', needed, async () => {
  const directory = mkdtempSync(join(outer, 'i'));
  const script = join(directory, 'plugin');
  writeFileSync(script, `#!/usr/bin/env own-shell\necho "it ran" >&2\n`, { mode: 0o755 });
  copyFileSync('/bin/sh', join(directory, 'own-shell'));
  const before = process.env['PATH'];
  process.env['PATH'] = `${before}:${directory}`;
  try {
    await assert.rejects(clientOf(sandboxRunner({ command: [script] })).start(), /it ran/);
  } finally {
    process.env['PATH'] = before;
  }
  rmSync(directory, { recursive: true });
});
