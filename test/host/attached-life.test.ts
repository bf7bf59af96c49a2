import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom, lastValueFrom, NEVER, type Observable, toArray } from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import type { HealthService } from '../../src/grpc.js';
import {
  type AttachedRunner,
  type ClientOptions,
  createClient,
  createLogger,
  implement,
  PluginError,
  type PluginState,
  parseTerraformReattach,
  processRunner,
  type ReattachConfig,
  serveTest,
  terraformReattach,
  unimplemented,
} from '../../src/index.js';
import { watchResources } from '../support/active-resources.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { Relay } from '../support/relay.js';

const assertTempDirEmpty = ownTempDir();
const assertNothingActive = watchResources();
afterEach(async () => {
  assertTempDirEmpty();
  await assertNothingActive();
});

const bounded = <T>(what: string, promise: Promise<T>): Promise<T> => within(20_000, what, promise);
const plugin = fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url));
const command: [string, ...string[]] = [process.execPath, plugin];
type Options = ClientOptions<typeof plugins>;
const attachedTo = (reattach: Options['reattach'], more: object = {}) =>
  createClient({ reattach: reattach!, handshake, plugins, ...more } as Options);

/** A plugin of which nothing but its connection is known. */
const unknown: AttachedRunner = {
  id: 'elsewhere',
  exit$: NEVER,
  kill: () => Promise.reject(new Error('the plugin was killed')),
  pluginToHost: (address) => address,
  hostToPlugin: (address) => address,
};

/** Without an `id`: no process. */
async function served(onHealth: (health: HealthService) => void = () => {}) {
  const service = implement(plugins.kv, { ...unimplemented(KVDefinition) });
  const configure = (_server: unknown, health: HealthService): void => onHealth(health);
  const logger = createLogger({ write: () => {} });
  return await serveTest({ handshake, plugins: { kv: service }, logger, grpc: { configure } });
}

test('with `ends: false` a client only closes its connection when it is stopped', async () => {
  const first = createClient({ command, handshake, plugins });
  await first.start();
  const config = JSON.parse(JSON.stringify(await first.reattachConfig())) as ReattachConfig;
  const left = { ...config, ends: false };
  const second = attachedTo(left);
  await second.start();
  assert.deepEqual(await second.reattachConfig(), left);
  await second.stop();
  const { pid: _, ...withoutPid } = left;
  const third = attachedTo({ ...withoutPid, attach: () => unknown });
  await third.start();
  await third.stop();
  await first.ping();
  await first.stop();
  assert.deepEqual(await firstValueFrom(first.exit$), { code: 0, signal: null });
});

test('`ends` survives as JSON and as test mode for Terraform, and contradicts test mode', () => {
  const config = { protocol: 'grpc', protocolVersion: 5, network: 'unix', address: '/s', pid: 7, test: false } as const;
  const source = 'registry.terraform.io/acme/kv';
  const read = (given: ReattachConfig) => parseTerraformReattach(terraformReattach({ [source]: given }));
  assert.equal(read({ ...config, ends: false }).test, true);
  assert.equal(read({ ...config, ends: true }).test, false);
  assert.equal(read(config).test, false);
  assert.throws(() => attachedTo({ ...config, test: true, ends: true }), /`reattach.ends` to be false or missing/);
  assert.throws(() => attachedTo({ ...config, ends: 'no' as never }), /`reattach.ends` to be a boolean, got "no"/);
});

test('an attached plugin of which no exit is told has ended when no connection can be made again', async () => {
  const serving = await served();
  const { pid: _, ...where } = serving.reattach;
  const client = attachedTo({ ...where, attach: () => unknown }, { grpc: { reconnectTimeoutMs: 200 } });
  const states = firstValueFrom(client.state$.pipe(toArray()));
  await client.start();
  await serving.close();
  await bounded('the end', lastValueFrom(client.state$));
  const seen = await states;
  assert.deepEqual(
    seen.map((state) => (state.status === 'running' && state.reconnecting ? 'reconnecting' : state.status)),
    ['idle', 'starting', 'running', 'reconnecting', 'stopping', 'exited'],
  );
  const last = seen.at(-1);
  assert.ok(last?.status === 'exited' && last.reason.kind === 'disconnected');
  assert.equal(last.reason.error.code, 'ERR_CONNECTION_LOST');
});

test('an attached client tells that it connects again, and that it has', async () => {
  await using serving = await served();
  await using relay = new Relay();
  const { network, address } = serving.reattach;
  await using client = attachedTo({ ...serving.reattach, ...(await relay.open({ network, address })) });
  await client.start();
  const told = untilTold(client.state$, 'reconnecting');
  relay.cut();
  await bounded('the loss', told);
  await bounded('the connection', untilRunning(client.state$));
  await client.ping();
});

test('an attached client tells that its plugin is not serving, on each connection', async () => {
  let health: HealthService | undefined;
  await using serving = await served((given) => {
    health = given;
  });
  await using relay = new Relay();
  const { network, address } = serving.reattach;
  await using client = attachedTo({ ...serving.reattach, ...(await relay.open({ network, address })) });
  await client.start();
  for (let connection = 1; connection < 3; connection += 1) {
    const told = untilTold(client.state$, 'notServing');
    health?.set({ plugin: 'NOT_SERVING' });
    await bounded('NOT_SERVING', told);
    health?.set({ plugin: 'SERVING' });
    await bounded('SERVING', untilRunning(client.state$));
    const lost = untilTold(client.state$, 'reconnecting');
    relay.cut();
    await bounded('the loss', lost);
    await bounded('the connection', untilRunning(client.state$));
  }
});

test('a runner that ends before the handshake has its own words in the error, first of all', async () => {
  const failed = async (script: string) => {
    const client = createClient({
      name: 'kv',
      runner: ({ env }) => processRunner({ command: ['sh', '-c', script], env }),
      handshake,
      plugins,
    });
    return await client.start().then(
      () => assert.fail('it started'),
      (error: Error) => error,
    );
  };
  const refused = await failed('echo "ssh: connect to host build1 port 22: Connection refused" >&2; exit 255');
  assert.ok(PluginError.is(refused) && refused.code === 'ERR_EXITED_EARLY');
  assert.equal(
    refused.message,
    'The plugin kv did not start: its runner wrote "ssh: connect to host build1 port 22: Connection refused", and exited with code 255 before it printed a handshake.',
  );
  const last = await failed('printf "one\\ntwo\\nthree.\\r\\n\\nfour\\n" >&2; exit 1');
  assert.match(last.message, /its runner wrote "two", "three", "four", and exited with code 1 before/);
  const silent = await failed('exit 3');
  assert.match(silent.message, /its runner wrote nothing to stderr, and exited with code 3 before it printed/);
  const other = await failed('echo "last login: today"; echo "exec: kv: not found" >&2; exit 127');
  assert.match(other.message, /not a handshake: "last login: today".*Its runner wrote "exec: kv: not found"\.$/);
});

function untilTold(state$: Observable<PluginState>, condition: 'reconnecting' | 'notServing'): Promise<PluginState> {
  return firstValueFrom(state$.pipe(filter((state) => state.status === 'running' && state[condition] === true)));
}

function untilRunning(state$: Observable<PluginState>): Promise<PluginState> {
  const isWell = (state: PluginState): boolean =>
    state.status === 'running' && state.reconnecting === undefined && state.notServing === undefined;
  return firstValueFrom(state$.pipe(filter(isWell)));
}
