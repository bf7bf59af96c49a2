import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { filter, firstValueFrom, lastValueFrom, map, NEVER, toArray } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { selfSignedAuthority } from '../../src/grpc.js';
import {
  type AttachedRunner,
  type ClientOptions,
  createClient,
  type PluginClient,
  PluginError,
  type ReattachConfig,
} from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';
import { watchResources } from '../support/active-resources.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { awaitGone, isAlive } from '../support/process-alive.js';

const assertTempDirEmpty = ownTempDir();
const assertNothingLeft = watchResources();
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const command: [string, ...string[]] = [process.execPath, here('../../examples/grpc-kv/plugin.js')];
const bounded = <T>(what: string, promise: Promise<T>) => within(20_000, what, promise);
const hasCode = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;
type Kv = typeof plugins;

async function started(): Promise<PluginClient<Kv>> {
  const client = createClient({ command, handshake, plugins });
  await client.start();
  return client;
}

/** As it would be after having been written down and read again. */
async function configOf(client: PluginClient<Kv>): Promise<ReattachConfig> {
  return JSON.parse(JSON.stringify(await client.reattachConfig())) as ReattachConfig;
}

function reattach(config: ClientOptions<Kv>['reattach'], more: Partial<ClientOptions<Kv>> = {}): PluginClient<Kv> {
  return createClient({ reattach: config!, handshake, plugins, ...more } as ClientOptions<Kv>);
}

test('K-08 a host in another process calls the plugin and stops it; the first host is told of its end', async () => {
  const first = await started();
  const config = await configOf(first);
  assert.equal(config.pid, Number(first.id));
  assert.equal(config.protocol, 'grpc');
  assert.equal(config.test, false);
  assert.match(String(config.startTime), process.platform === 'linux' ? /^\d+$/ : /./);
  const args = [here('../fixtures/hosts/reattaching-host.js'), JSON.stringify(config), 'handed over'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 120_000 });
  assert.deepEqual(JSON.parse(stdout), { value: 'handed over', exited: true });
  const state = await bounded('the end', lastValueFrom(first.state$));
  assert.ok(state.status === 'exited' && state.reason.kind === 'crashed');
  assert.deepEqual(state.exit, { code: 0, signal: null });
  assertTempDirEmpty();
});

test('a reattached client has the same states, and returns the config that it was given', async () => {
  const first = await started();
  const config = await configOf(first);
  const second = reattach(config);
  const statuses = firstValueFrom(
    second.state$.pipe(
      map(({ status }) => status),
      toArray(),
    ),
  );
  await assert.rejects(second.reattachConfig(), hasCode('ERR_NOT_STARTED'));
  await second.start();
  assert.deepEqual([second.id, second.protocol, second.negotiatedVersion], [first.id, 'grpc', 1]);
  assert.deepEqual(await second.reattachConfig(), config);
  await second.ping();
  await Promise.all([second.stop(), second.stop()]);
  assert.equal(isAlive(config.pid!), false);
  assert.deepEqual(await statuses, ['idle', 'starting', 'running', 'stopping', 'exited']);
  await assert.rejects(second.reattachConfig(), hasCode('ERR_CLOSED'));
  await first.stop();
  assertTempDirEmpty();
});

test('K-10 a reattached client notices the end of the plugin', async () => {
  const first = await started();
  const second = reattach(await configOf(first));
  second.ref();
  await second.start();
  process.kill(Number(first.id), 'SIGKILL');
  const state = await bounded('the notice', lastValueFrom(second.state$));
  assert.ok(state.status === 'exited' && state.reason.kind === 'crashed');
  await first.stop();
});

test('K-09 a plugin that has exited is not found, nor one whose pid is that of another process', async () => {
  const first = await started();
  const config = await configOf(first);
  await first.stop();
  await assert.rejects(reattach(config).start(), hasCode('ERR_PROCESS_NOT_FOUND'));
  // A process lives under the id, but nothing listens there.
  const { startTime: _, ...forgetful } = config;
  await assert.rejects(reattach({ ...forgetful, pid: process.pid }).start(), hasCode('ERR_PROCESS_NOT_FOUND'));
  await assert.rejects(reattach({ ...config, pid: process.pid }).start(), hasCode('ERR_PROCESS_REUSED'));
  assertTempDirEmpty();
});

test('a reattachment that fails leaves the plugin as it is', async () => {
  const first = await started();
  const config = await configOf(first);
  const { keyPem: key, certificatePem: cert } = await selfSignedAuthority().issue();
  await assert.rejects(reattach(config, { tls: { key, cert, ca: cert } }).start(), hasCode('ERR_TLS'));
  await assert.rejects(reattach({ ...config, startTime: '1' }).start(), hasCode('ERR_PROCESS_REUSED'));
  await first.ping();
  await first.stop();
  assert.deepEqual(await firstValueFrom(first.exit$), { code: 0, signal: null });
});

test('a plugin that ignores the request to end is killed', async () => {
  const hanging = createClient({ command: fixture('hangs-in-shutdown'), handshake, plugins, startTimeoutMs: 30_000 });
  void hanging.start().catch(() => {});
  const { address } = await bounded('a handshake', firstValueFrom(hanging.handshake$));
  const pid = Number(hanging.id);
  const second = reattach({ protocol: 'grpc', ...address, pid });
  const starting = assert.rejects(second.start(), hasCode('ERR_START_ABORTED'));
  await bounded('the attaching', firstValueFrom(second.state$.pipe(filter(({ status }) => status === 'starting'))));
  while (second.id === '') await new Promise(setImmediate);
  await bounded('the end', second.stop());
  await starting;
  await awaitGone(pid);
  await hanging.stop();
  assertTempDirEmpty();
});

test('a plugin is attached and ended by a function of your own', async () => {
  const first = await started();
  const { pid, startTime: _, ...config } = await configOf(first);
  const calls: string[] = [];
  const runner = (id: string): AttachedRunner => ({
    id,
    exit$: first.exit$,
    kill: async () => void calls.push('kill'),
    pluginToHost: (address) => address,
    hostToPlugin: (address) => address,
  });
  const second = reattach({
    ...config,
    attach: (given) => {
      calls.push(`attach ${given.id}`);
      return runner(`container-${given.id}`);
    },
  });
  await second.start();
  assert.equal(second.id, `container-${pid}`);
  await second.ping();
  await second.stop();
  assert.deepEqual(calls, [`attach ${pid}`, 'kill']);
  const lost = reattach({ ...config, attach: () => Promise.reject(new Error('no such container')) });
  await assert.rejects(
    lost.start(),
    (error) => hasCode('ERR_PROCESS_NOT_FOUND')(error) && /no such container/.test(String(error)),
  );
  const strange: AttachedRunner = { ...runner('x'), exit$: NEVER };
  const unreachable = reattach({ ...config, attach: () => strange });
  await assert.rejects(unreachable.start(), (error) => PluginError.is(error));
  await first.stop();
});

test('H-11 K-12 options that exclude reattach are refused before anything happens', () => {
  const config = { protocol: 'grpc', network: 'unix', address: '/tmp/x', pid: 1 } as const;
  const refused = (more: object, pattern: RegExp) =>
    assert.throws(
      () => createClient({ handshake, plugins, ...more } as ClientOptions<Kv>),
      (error) => hasCode('ERR_OPTIONS')(error) && pattern.test(String(error)),
    );
  refused({}, /got none/);
  refused({ command, reattach: config }, /got command and reattach/);
  refused({ reattach: config, runner: () => {} }, /got runner and reattach/);
  refused(
    { reattach: config, secureConfig: { checksum: '00', hash: 'sha256' } },
    /no `secureConfig` beside `reattach`/,
  );
  refused({ reattach: config, cwd: '/' }, /no `cwd` beside `reattach`/);
  refused({ reattach: config, autoMtls: true }, /no `autoMtls` beside `reattach`/);
  refused({ reattach: config, grpcBrokerMultiplex: true }, /no `grpcBrokerMultiplex` beside `reattach`/);
  refused({ reattach: { ...config, pid: undefined } }, /a `pid`, or an `attach` function/);
});

test('a plugin that cannot be reattached to gives no config', async () => {
  for (const [more, pattern] of [
    [{ autoMtls: true }, /started with `autoMtls`/],
    [{ grpcBrokerMultiplex: true }, /started with `grpcBrokerMultiplex`/],
  ] as const) {
    const client = createClient({ command, handshake, plugins, ...more });
    await client.start();
    const refused = (error: unknown) => hasCode('ERR_OPTIONS')(error) && pattern.test(String(error));
    await assert.rejects(client.reattachConfig(), refused);
    await client.stop();
  }
  assertTempDirEmpty();
});

test('afterwards no timer is left', assertNothingLeft);
