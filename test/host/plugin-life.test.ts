import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filter, firstValueFrom } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { KvStore } from '../../examples/grpc-kv/kv-store.js';
import { createClient, type PluginClient, PluginError, type PluginState } from '../../src/index.js';
import { type FakeRunner, fakeRunner, inProcessRunner } from '../../src/testing/index.js';
import { defer, within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const hasCode = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;
const bounded = <T>(what: string, promise: Promise<T>): Promise<T> => within(20_000, what, promise);

/** A plugin that serves within this process. */
const serving = (): FakeRunner => inProcessRunner({ handshake, plugins: { kv: KvStore } });
/** A plugin that is launched and prints nothing. */
const silent = (): FakeRunner => fakeRunner(() => {});

function clientOf(runner: FakeRunner): PluginClient {
  return createClient({ runner, handshake, plugins, stopGraceMs: 200 });
}

function nameOf(state: PluginState): string {
  if (state.status === 'starting') return state.phase;
  return 'reason' in state ? `${state.status}: ${state.reason.kind}` : state.status;
}

/** The names of the states that a client goes through from now on. */
function statesOf(client: PluginClient): string[] {
  const states: string[] = [];
  client.state$.subscribe((state) => states.push(nameOf(state)));
  return states;
}

async function reaches(client: PluginClient, name: string): Promise<void> {
  await bounded(name, firstValueFrom(client.state$.pipe(filter((state) => nameOf(state) === name))));
}

const STARTING = ['idle', 'launching', 'handshaking', 'connecting'];

test('life: start, run, stop', async () => {
  const client = clientOf(serving());
  const states = statesOf(client);
  await client.start();
  await client.stop();
  assert.deepEqual(states, [...STARTING, 'running', 'stopping: stopped', 'exited: stopped']);
  assertTempDirEmpty();
});

test('life: a stop before any start', async () => {
  const client = clientOf(serving());
  const states = statesOf(client);
  await client.stop();
  assert.deepEqual(states, ['idle', 'stopping: stopped', 'exited: stopped']);
});

test('life: a process that exits during the start is a start that failed', async () => {
  const runner = silent();
  const client = clientOf(runner);
  const states = statesOf(client);
  const starting = assert.rejects(client.start(), hasCode('ERR_EXITED_EARLY'));
  await reaches(client, 'handshaking');
  await runner.plugins[0]!.exit({ code: 1 });
  await bounded('the failure', starting);
  assert.deepEqual(states, ['idle', 'launching', 'handshaking', 'stopping: failed', 'exited: failed']);
  assertTempDirEmpty();
});

test('life: the first reason of an end is kept', async () => {
  const crashed = serving();
  const first = clientOf(crashed);
  const firstStates = statesOf(first);
  await first.start();
  void crashed.plugins[0]!.exit({ signal: 'SIGSEGV' });
  await reaches(first, 'stopping: crashed');
  await bounded('the end', first.stop());
  assert.deepEqual(firstStates.slice(-3), ['running', 'stopping: crashed', 'exited: crashed']);

  const stopped = serving();
  const second = clientOf(stopped);
  const secondStates = statesOf(second);
  await second.start();
  const stopping = second.stop();
  void stopped.plugins[0]!.exit({ signal: 'SIGSEGV' });
  await bounded('the end', stopping);
  assert.deepEqual(secondStates.slice(-3), ['running', 'stopping: stopped', 'exited: stopped']);
});

test('life: late events change nothing', async () => {
  const client = clientOf(serving());
  const states = statesOf(client);
  await client.start();
  const stopping = client.stop();
  await assert.rejects(client.start(), hasCode('ERR_CLOSED'));
  await Promise.all([stopping, client.stop()]);
  await assert.rejects(client.start(), hasCode('ERR_CLOSED'));
  await client.stop();
  client.ref();
  client.unref();
  assert.deepEqual(states.slice(-2), ['stopping: stopped', 'exited: stopped']);
  assert.equal(await firstValueFrom(client.state$).then(nameOf), 'exited: stopped');
});

test('life: every subscriber gets the states in order, also when another one acts on them', async () => {
  const client = clientOf(serving());
  client.state$.subscribe((state) => void (state.status === 'running' && client.stop()));
  const states = statesOf(client);
  await client.start();
  await reaches(client, 'exited: stopped');
  assert.deepEqual(states, [...STARTING, 'running', 'stopping: stopped', 'exited: stopped']);
});

test('life: a stop in the turn in which the start begins leaves nothing behind', async () => {
  const runner = serving();
  const client = clientOf(runner);
  client.state$.subscribe((state) => void (state.status === 'starting' && client.stop()));
  await assert.rejects(client.start(), hasCode('ERR_START_ABORTED'));
  await bounded('the end', client.stop());
  assert.equal(runner.plugins.length, 0);
  assertTempDirEmpty();
});

test('life: start rejects once the plugin was stopped, has crashed or could not be started', async () => {
  const crashing = serving();
  const crashed = clientOf(crashing);
  await crashed.start();
  await crashing.plugins[0]!.exit({ code: 2 });
  await reaches(crashed, 'exited: crashed');
  await assert.rejects(crashed.start(), hasCode('ERR_PLUGIN_EXITED'));

  const failed = clientOf(fakeRunner(() => Promise.reject(new Error('no room'))));
  const error: unknown = await failed.start().catch((cause: unknown) => cause);
  assert.equal(hasCode('ERR_SPAWN')(error), true);
  assert.equal(await failed.start().catch((cause: unknown) => cause), error);
});

test('life: a start that fails in the middle releases what it has acquired, in reverse order', async () => {
  const events: string[] = [];
  const killed = defer();
  const runner = fakeRunner((plugin) => plugin.writeStdout('no handshake\n'), {
    onKill: async (plugin) => {
      events.push('kill');
      await plugin.exit({ signal: 'SIGKILL' });
      killed.resolve();
    },
  });
  const client = clientOf(runner);
  client.state$.subscribe((state) => events.push(nameOf(state)));
  await assert.rejects(client.start(), hasCode('ERR_HANDSHAKE_UNRECOGNIZED'));
  await killed.promise;
  assert.deepEqual(events.slice(-3), ['stopping: failed', 'kill', 'exited: failed']);
  assertTempDirEmpty();
});
