import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ContainerModule } from 'inversify';
import { filter, firstValueFrom } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { CLIENT_REGISTRY, ClientRegistry, managedClients } from '../../src/di/index.js';
import { cleanupClients, cleanupOnExit, createClient, type PluginClient, PluginError } from '../../src/index.js';
import { testEnv } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { firstLine } from '../support/first-line.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { awaitGone, isAlive } from '../support/process-alive.js';

const assertTempDirEmpty = ownTempDir();
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const command: [string, string] = [process.execPath, here('../../examples/grpc-kv/plugin.js')];
const bounded = <T>(what: string, promise: Promise<T>) => within(30_000, what, promise);

function clientIn(registry: ClientRegistry, managed = true): PluginClient<typeof plugins> {
  const module = new ContainerModule(({ bind }) => void bind(CLIENT_REGISTRY).toConstantValue(registry));
  return createClient({ command, handshake, plugins, managed, modules: [module] });
}

test('K-07 cleanup stops the managed clients together and no others; `killed` is true from then on', async () => {
  const registry = new ClientRegistry();
  const managed = [clientIn(registry), clientIn(registry)];
  const other = clientIn(registry, false);
  await Promise.all([...managed, other].map((client) => client.start()));
  assert.equal(registry.killed, false);
  const cleaning = registry.cleanup();
  assert.equal(registry.killed, true);
  await bounded('the end of all', cleaning);
  assert.deepEqual(
    [...managed, other].map((client) => client.exited),
    [true, true, false],
  );
  assert.deepEqual(await firstValueFrom(managed[0]!.exit$), { code: 0, signal: null });
  await other.ping();
  await other.stop();
  assertTempDirEmpty();
});

test('a client that has ended is not kept in memory, and one that starts after the cleanup is refused', async () => {
  const stops: string[] = [];
  const registry = new ClientRegistry();
  const early = clientIn(registry);
  await early.start();
  await early.stop();
  const remove = registry.add({ stop: async () => void stops.push('removed'), killNow: () => {} });
  registry.add({ stop: async () => void stops.push('held'), killNow: () => {} });
  remove();
  await registry.cleanup();
  assert.deepEqual(stops, ['held']);
  const late = clientIn(registry);
  await assert.rejects(late.start(), (error) => PluginError.is(error) && error.code === 'ERR_CLOSED');
  assert.equal(late.id, '');
  assertTempDirEmpty();
});

test('a cleanup ends the start of a managed client', async () => {
  const registry = new ClientRegistry();
  const client = clientIn(registry);
  const starting = assert.rejects(
    client.start(),
    (error) => PluginError.is(error) && error.code === 'ERR_START_ABORTED',
  );
  await firstValueFrom(
    client.state$.pipe(filter((state) => state.status === 'starting' && state.phase !== 'launching')),
  );
  await bounded('the end', registry.cleanup());
  await starting;
  assertTempDirEmpty();
});

test('cleanupClients stops those of the default registry', async () => {
  const client = createClient({ command, handshake, plugins, managed: true });
  await client.start();
  await cleanupClients();
  assert.equal(client.exited, true);
  assert.equal(managedClients.killed, true);
});

test('undoing cleanupOnExit removes all listeners', () => {
  const count = () => ['exit', 'SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'].map((name) => process.listenerCount(name));
  const before = count();
  const takeBack = cleanupOnExit({ clients: new ClientRegistry() });
  assert.deepEqual(
    count(),
    before.map((listeners, index) => (index < 4 ? listeners + 1 : listeners)),
  );
  takeBack();
  takeBack();
  const one = cleanupOnExit({ clients: new ClientRegistry(), signals: ['SIGUSR2'] });
  assert.equal(process.listenerCount('SIGUSR2'), before[4]! + 1);
  one();
  assert.deepEqual(count(), before);
});

interface Host {
  readonly process: ChildProcess;
  readonly plugins: readonly number[];
  readonly said: () => string;
}

/** A host in a process of its own, with its plugins running. */
async function host(way: string, behaviour: object = {}): Promise<Host> {
  const args = [here('../fixtures/hosts/cleaning-host.js'), way, JSON.stringify(behaviour)];
  const child = spawn(process.execPath, args, { env: testEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const pids = JSON.parse(await firstLine(child.stdout)) as number[];
  return { process: child, plugins: pids, said: () => said };
}

for (const [way, code] of [
  ['exit', 3],
  ['throw', 1],
] as const) {
  test(`cleanupOnExit: the plugins of a host that ${way}s end with it`, async () => {
    const { process: child, plugins: pids, said } = await host(way);
    assert.deepEqual(await bounded('the end', once(child, 'close')), [code, null]);
    for (const pid of pids) await awaitGone(pid);
    assert.match(said(), /killed: true/);
    assertTempDirEmpty();
  });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`cleanupOnExit: ${signal} stops the plugins, and then ends the host by the same signal`, async () => {
    const notes = mkdtempSync(join(tmpdir(), 'n'));
    const note = join(notes, 'note');
    const { process: child, plugins: pids } = await host('wait', { onShutdown: 'note', note });
    const closed = once(child, 'close');
    child.kill(signal);
    assert.deepEqual(await bounded('the end', closed), [null, signal]);
    for (const pid of pids) assert.equal(isAlive(pid), false);
    assert.equal(readFileSync(note, 'utf8'), 'shut down, exit 0');
    rmSync(notes, { recursive: true });
    assertTempDirEmpty();
  });
}

test('cleanupOnExit: the same signal again ends the host at once', async () => {
  const { process: child, plugins: pids, said } = await host('wait', { onShutdown: 'hang', deadlineMs: 600_000 });
  const closed = once(child, 'close');
  child.kill('SIGINT');
  while (said().split('stopping').length <= pids.length) await once(child.stderr!, 'data');
  for (const pid of pids) assert.equal(isAlive(pid), true);
  child.kill('SIGINT');
  assert.deepEqual(await bounded('the end', closed), [null, 'SIGINT']);
  for (const pid of pids) await awaitGone(pid);
  assertTempDirEmpty();
});

test('cleanupOnExit: with other listeners of the signal the host does not end, but its plugins do', async () => {
  const { process: child, plugins: pids, said } = await host('listens');
  child.kill('SIGINT');
  for (const pid of pids) await awaitGone(pid);
  // A signal that comes while its listener is taken away is lost to Node.
  while (!said().includes('back to normal')) await bounded('the word', once(child.stderr!, 'data'));
  assert.equal(child.exitCode ?? child.signalCode, null);
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  assert.deepEqual(await bounded('the end', closed), [null, 'SIGTERM']);
  assertTempDirEmpty();
});
