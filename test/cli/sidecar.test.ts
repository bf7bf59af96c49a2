import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { type SupervisedPlugin, supervise } from 'rxplug/supervise';
import * as merging from '../../examples/bidirectional/contract.js';
import type { RefereeDefinition } from '../../examples/gen/merge.js';
import { RefereeDefinition as Referee } from '../../examples/gen/merge.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { goPlugin } from '../../examples/grpc-kv/go-plugin.js';
import * as netRpc from '../../examples/netrpc/contract.js';
import type { ServiceOf } from '../../src/index.js';
import { needsGo } from '../conformance/build-go.js';
import { within } from '../support/defer.js';
import { awaitGone, isAlive } from '../support/process-alive.js';
import { CLI, runCli } from './run-cli.js';
import { cookieOf, example, pluginOf, startSidecar, unix, untilThere } from './sidecar-rig.js';

const value = new Uint8Array(1);
let directory: string;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'sc-'));
});
after(() => rmSync(directory, { recursive: true }));

const fileOf = (name: string): string => join(directory, `${name}.json`);

function hostOf(name: string): SupervisedPlugin<typeof plugins> {
  const supervision = { whenDown: { limitMs: 120_000 } };
  return supervise({ sidecar: { directory, name }, handshake, plugins, supervision });
}

/** The next state of this kind. */
async function reaches({ state$ }: SupervisedPlugin<typeof plugins>, status: string, from = 0): Promise<void> {
  const found$ = state$.pipe(
    filter((state) => state.status === status && (!('generation' in state) || state.generation >= from)),
  );
  await within(20_000, `the state ${status}`, firstValueFrom(found$));
}

for (const [language, command] of [
  ['TypeScript', async () => example('grpc-kv')],
  ['Go', async () => (await goPlugin()) as string[]],
] as const)
  test(`a host that is there first waits; each start of the plugin in ${language} is a new generation of it`, {
    skip: unix.skip || (language === 'Go' && needsGo().skip),
  }, async () => {
    const name = `kv-${language}`;
    await using host = hostOf(name);
    const kv = await host.dispense('kv');
    const revision = async (): Promise<bigint> =>
      (await within(20_000, 'an answer', firstValueFrom(kv.put({ key: 'a', value })))).revision;
    const first = revision();
    await using sidecar = startSidecar(directory, name, await command());
    assert.equal(await first, 1n);
    assert.equal(await revision(), 2n);
    const pid = await pluginOf(sidecar);
    process.kill(pid, 'SIGKILL');
    await reaches(host, 'ready', 2);
    assert.equal(await revision(), 1n, 'a new process, with an empty store');
    const second = await pluginOf(sidecar);
    const { address } = JSON.parse(readFileSync(fileOf(name), 'utf8')).reattach;
    const left = reaches(host, 'starting', 3);
    sidecar.kill('SIGTERM');
    assert.equal((await sidecar.ended).signal, 'SIGTERM');
    await left;
    assert.ok(!existsSync(fileOf(name)) && !existsSync(dirname(address)));
    await awaitGone(second);
  });

test('what is published has no process id, and a host that stops leaves the plugin', unix, async () => {
  await using sidecar = startSidecar(directory, 'left', example('grpc-kv'));
  const options = { sidecar: { directory, name: 'left' }, handshake, plugins } as const;
  for (let host = 1; host <= 2; host++) {
    await using client = createClient(options);
    await client.start();
    const kv = await client.dispense('kv');
    assert.equal((await firstValueFrom(kv.put({ key: 'a', value }))).revision, BigInt(host));
    const made = readdirSync(directory).filter((entry) => entry.startsWith('plugin-dir'));
    assert.equal(made.length, 1, 'a host without brokers writes nothing into the folder');
    const { pid, ends } = await client.reattachConfig();
    assert.deepEqual([pid, ends], [undefined, false]);
  }
  const { reattach } = JSON.parse(readFileSync(fileOf('left'), 'utf8'));
  assert.deepEqual(Object.keys(reattach).toSorted(), [
    'address',
    'ends',
    'network',
    'protocol',
    'protocolVersion',
    'test',
  ]);
  assert.ok(isAlive(await pluginOf(sidecar)));
});

test('a host that is killed leaves the plugin to the next one', unix, async () => {
  await using sidecar = startSidecar(directory, 'survives', example('grpc-kv'));
  const pid = await pluginOf(sidecar);
  const program = fileURLToPath(new URL('sidecar-host.js', import.meta.url));
  const first = spawn(process.execPath, [program, directory, 'survives'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(first, 'exit');
  const [said] = await within(20_000, 'an answer', once(first.stdout, 'data'));
  assert.equal(String(said), '1\n');
  first.kill('SIGKILL');
  await ended;
  await using client = createClient({ sidecar: { directory, name: 'survives' }, handshake, plugins });
  await client.start();
  const kv = await client.dispense('kv');
  assert.equal((await firstValueFrom(kv.put({ key: 'a', value }))).revision, 2n, 'the same process');
  assert.ok(isAlive(pid));
});

test(
  'a sidecar that was killed leaves a file that leads nowhere: the host waits for the next one, which clears up',
  unix,
  async () => {
    await using host = hostOf('killed');
    await using first = startSidecar(directory, 'killed', example('grpc-kv'));
    await reaches(host, 'ready');
    const pid = await pluginOf(first);
    const left = reaches(host, 'starting', 2);
    first.kill('SIGKILL');
    await left;
    await awaitGone(pid);
    assert.ok(existsSync(fileOf('killed')));
    const { reattach } = JSON.parse(readFileSync(fileOf('killed'), 'utf8'));
    await using _second = startSidecar(directory, 'killed', example('grpc-kv'));
    await reaches(host, 'ready', 2);
    assert.ok(!existsSync(dirname(reattach.address)), 'the sockets of the first are gone');
  },
);

test('a plugin over net/rpc, and one that calls back through a broker', unix, async () => {
  await using sidecar = startSidecar(
    directory,
    'rpc',
    example('netrpc'),
    cookieOf(netRpc.handshake as typeof handshake),
  );
  {
    await using client = createClient({
      sidecar: { directory, name: 'rpc' },
      handshake: netRpc.handshake,
      plugins: netRpc.plugins,
    });
    await client.start();
    const greeter = await client.dispense('greeter');
    assert.match(await firstValueFrom(greeter.greet()), /\w/);
    const ended = client.whenExited();
    process.kill(await pluginOf(sidecar), 'SIGKILL');
    await within(20_000, 'the end', ended);
  }
  await using _merger = startSidecar(
    directory,
    'merger',
    example('bidirectional'),
    cookieOf(merging.handshake as typeof handshake),
  );
  await untilThere(fileOf('merger'));
  const probed = await runCli(['sidecar', '--dir', directory, '--name', 'merger', '--probe']);
  assert.equal(probed.code, 0, 'a probe leaves the broker to the host');
  await using client = createClient({
    sidecar: { directory, name: 'merger' },
    handshake: merging.handshake,
    plugins: merging.plugins,
  });
  await client.start();
  const merger = await client.dispense('merger');
  const referee: ServiceOf<typeof RefereeDefinition> = { decide: ({ theirs }) => ({ value: theirs }) };
  const merged$ = client.broker.lend(Referee, referee, (id) =>
    merger.merge({ ours: { a: '1' }, theirs: { a: '2' }, referee: id }),
  );
  assert.deepEqual((await firstValueFrom(merged$)).merged, { a: '2' });
});

test('the probe tells as grpc-health-probe does', unix, async () => {
  const ask = async (name: string): Promise<number | null> =>
    (await runCli(['sidecar', '--dir', directory, '--name', name, '--timeout', '5s', '--probe'])).code;
  const nothing = await runCli(['sidecar', '--dir', directory, '--name', 'none', '--timeout', '100ms', '--probe']);
  assert.equal(nothing.code, 2);
  assert.match(
    nothing.stderr,
    /No sidecar has published a plugin in .*none\.json in time: nothing is published there\./,
  );
  await using sidecar = startSidecar(directory, 'probed', example('grpc-kv'));
  const pid = await pluginOf(sidecar);
  await untilThere(fileOf('probed'));
  assert.equal(await ask('probed'), 0);
  process.kill(pid, 'SIGSTOP');
  assert.notEqual(await ask('probed'), 0);
  process.kill(pid, 'SIGCONT');
});

test('users of a group reach the plugin of another user, and nobody else does', {
  skip: unix.skip || (process.getuid?.() === 0 ? false : 'needs root, for users of its own'),
}, async () => {
  const gid = 3777;
  // The temporary folder of the tests is root's alone.
  const shared = mkdtempSync('/tmp/sc-');
  chownSync(shared, 0, gid);
  chmodSync(shared, 0o770);
  const as = (uid: number, group: number, args: readonly string[]) => {
    const env = { PATH: process.env['PATH'], TMPDIR: '/tmp' };
    const all = [CLI, 'sidecar', '--dir', shared, '--name', 'kv', ...args];
    const child = spawn(process.execPath, all, {
      uid,
      gid: group,
      cwd: '/',
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return { child, ended: once(child, 'exit') };
  };
  const sidecar = as(3701, gid, ['--group', String(gid), ...cookieOf(handshake), '--', ...example('grpc-kv')]);
  try {
    await untilThere(join(shared, 'kv.json'));
    const probe = async (uid: number, group: number): Promise<unknown> =>
      (await as(uid, group, ['--timeout', '5s', '--probe']).ended)[0];
    assert.deepEqual([await probe(3702, gid), await probe(3703, 3778)], [0, 2]);
    sidecar.child.kill('SIGTERM');
    await within(20_000, 'the end of the sidecar', sidecar.ended);
    assert.deepEqual(readdirSync(shared), []);
  } finally {
    sidecar.child.kill('SIGKILL');
    rmSync(shared, { recursive: true });
  }
});

for (const [what, args, expected] of [
  [
    'a folder that is not there',
    ['--dir', '/nowhere', '--name', 'kv', process.execPath],
    'Cannot use the folder /nowhere',
  ],
  ['a name that is a path', ['--dir', '/tmp', '--name', '../kv', process.execPath], 'Expected --name to be letters'],
  [
    'a name whose socket has no room',
    ['--dir', '/tmp', '--name', 'k'.repeat(120)],
    'Expected a shorter --name: the paths',
  ],
  ['a program to ask', ['--dir', '/tmp', '--name', 'kv', '--probe', process.execPath], 'no program beside --probe'],
  ['no program', ['--dir', '/tmp', '--name', 'kv'], 'Expected a program, or its command line after --.'],
] as const)
  test(`wrong use is told with the exit code 2: ${what}`, async () => {
    const { code, stderr } = await runCli(['sidecar', ...args]);
    assert.equal(code, 2, stderr);
    assert.ok(stderr.includes(expected), stderr);
  });
