import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import {
  BehaviorSubject,
  defer,
  EMPTY,
  filter,
  firstValueFrom,
  ignoreElements,
  lastValueFrom,
  repeat,
  take,
} from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import { type EndpointOptions, serveEndpoint } from '../../src/endpoint.js';
import type { HealthService } from '../../src/grpc.js';
import {
  type ClientOptions,
  createClient,
  implement,
  launch,
  PluginError,
  type PluginState,
  unimplemented,
} from '../../src/index.js';
import { supervise } from '../../src/supervise.js';
import { watchResources } from '../support/active-resources.js';
import { within } from '../support/defer.js';
import { identities, silent as logger, plugins, served } from '../support/endpoints.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { Relay } from '../support/relay.js';

const assertTempDirEmpty = ownTempDir();
const assertNothingActive = watchResources();
afterEach(async () => {
  assertTempDirEmpty();
  await assertNothingActive();
});

const bounded = <T>(what: string, promise: Promise<T>): Promise<T> => within(20_000, what, promise);
const hasCode = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;
type Options = ClientOptions<typeof plugins>;

function clientOf(endpoint: EndpointOptions, more: object = {}) {
  return createClient({ endpoint, plugins, ...more } as Options);
}

type Client = ReturnType<typeof clientOf>;

async function get(client: Client, options: object = {}): Promise<string> {
  const kv = await client.dispense('kv');
  const { value } = await firstValueFrom(kv.get({ key: 'k' }, options));
  return Buffer.from(value).toString();
}

function untilState(client: Client, isIt: (state: PluginState & { status: 'running' }) => boolean) {
  const running$ = client.state$.pipe(filter((state) => state.status === 'running' && isIt(state)));
  return bounded('the state', firstValueFrom(running$));
}

const isWell = (state: object): boolean => !('reconnecting' in state) && !('notServing' in state);

test('several hosts call an endpoint under mutual TLS; a stopped one has only closed its connection', async () => {
  const { server, client } = await identities();
  await using serving = await served({ tls: server });
  const one = clientOf({ address: serving.address, tls: client });
  await using other = clientOf({ address: serving.address, tls: client });
  await Promise.all([one.start(), other.start()]);
  assert.deepEqual(await Promise.all([get(one), get(other)]), ['v', 'v']);
  assert.deepEqual([one.name, one.id, one.protocol, one.negotiatedVersion], [serving.address, '', 'grpc', 0]);
  const exit = one.whenExited();
  await one.stop();
  assert.deepEqual(await exit, { code: null, signal: null });
  await other.ping();
  assert.equal(await get(other), 'v');
  await assert.rejects(other.reattachConfig(), /An endpoint is not reattached to/);
  await using stranger = clientOf({ address: serving.address, tls: { ca: server.cert! } });
  await assert.rejects(stranger.start(), hasCode('ERR_TLS'));
  await using plain = clientOf({ address: serving.address });
  await assert.rejects(plain.start(), /The endpoint speaks TLS, and this host does not. Set `endpoint.tls`/);
});

test('options that an endpoint cannot have are refused before anything happens', async () => {
  const refused = (endpoint: object, pattern: RegExp, more: object = {}) =>
    assert.throws(() => clientOf(endpoint as EndpointOptions, more), pattern);
  const address = 'localhost:7443';
  refused({ address: 'kv.example:7443' }, /`endpoint` to have `tls`, since kv\.example:7443 is beyond this machine/);
  refused({ address: 'localhost.example:7443' }, /to have `tls`/);
  refused({ address: '0.0.0.0:7443' }, /to have `tls`/);
  refused({ address: 'https://kv.example:7443' }, /host:port or the path of a unix socket.*It is a URL/);
  refused({ address: 'kv.example' }, /host:port or the path of a unix socket, got "kv\.example"/);
  refused({ address: 'localhost:99999' }, /host:port/);
  refused({ address: 'localhost:0' }, /with a port above 0, got "localhost:0"/);
  refused({ address, protocol: 'netrpc' }, /got `netrpc`: its calls have no deadlines/);
  refused({ address, version: 1.5 }, /`endpoint.version` to be an integer/);
  refused({ address, ends: 'no' }, /`endpoint.ends` to be a boolean/);
  refused({ address, adress: '' }, /adress/);
  refused({ address }, /no `tls` beside `endpoint`: give it as `endpoint.tls`/, { tls: {} });
  refused({ address }, /no `autoMtls` beside `endpoint`/, { autoMtls: true });
  refused({ address }, /no `outlivesHost` beside `endpoint`/, { outlivesHost: true });
  refused({ address }, /got command and endpoint/, { command: ['x'] });
  for (const fine of ['127.1.2.3:1', '[::1]:1', ':1', 'a.localhost:1', '/run/kv.sock', './kv.sock'])
    assert.equal(clientOf({ address: fine }).name, fine);
  clientOf({ address: 'kv.example:7443', allowInsecure: true });
  await assert.rejects(served({ address: '0.0.0.0:0' }), /serveEndpoint to have `tls`, since 0\.0\.0\.0:0 is beyond/);
  await assert.rejects(served({ tls: {} }), /to have `cert` and `key`/);
  const { server } = await identities();
  const { ca: _, ...open } = server;
  await assert.rejects(served({ tls: open }), /to have `ca`, which signs the hosts' certificates/);
});

test('an endpoint speaks the version that it is told, since nobody negotiates', async () => {
  const kv = implement(plugins.kv, {
    ...unimplemented(KVDefinition),
    get: () => ({ value: Buffer.from('5'), revision: 1n }),
  });
  const versionedPlugins = { 3: { kv }, 5: { kv } };
  await using serving = await serveEndpoint({ address: 'localhost:0', versionedPlugins, logger });
  const { address } = serving;
  const sets = { versionedPlugins: { 3: {}, 5: plugins }, plugins: undefined };
  await using client = clientOf({ address, version: 5 }, sets);
  await client.start();
  assert.equal(await get(client), '5');
  await assert.rejects(clientOf({ address }, sets).start(), /for the versions 3, 5, and none for 0.*endpoint.version/);
  await using only = clientOf({ address }, { versionedPlugins: { 5: plugins }, plugins: undefined });
  await only.start();
  assert.equal(only.negotiatedVersion, 5);
  await assert.rejects(serveEndpoint({ address: 'localhost:0', versionedPlugins, version: 4 }), /one of 3, 5, got 4/);
});

test('a unix socket is an endpoint too, with a broker; over TCP the broker is refused', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'e'));
  const path = join(directory, 'kv.sock');
  try {
    await using serving = await served({ address: path });
    await assert.rejects(served({ address: path }), hasCode('ERR_LISTEN'));
    await using client = clientOf({ address: path });
    await client.start();
    assert.equal(await get(client), 'v');
    const lent$ = client.broker.acceptAndServe(client.broker.nextId(), () => {});
    assert.ok((await bounded('an offer', firstValueFrom(lent$))) > 0);
    assert.equal(serving.address, path);
  } finally {
    rmSync(directory, { recursive: true });
  }
  await using serving = await served();
  await using client = clientOf({ address: serving.address });
  await client.start();
  const isRefused = (error: unknown): boolean =>
    hasCode('ERR_BROKER')(error) && /cannot be used over TCP/.test(String(error));
  await assert.rejects(firstValueFrom(client.broker.accept(1)), isRefused);
});

test('calls have a deadline of 60 s unless they have their own, streams none', async () => {
  const left: (number | undefined)[] = [];
  const seen = (call: { readonly deadline?: Date | undefined }): void => {
    left.push(call.deadline === undefined ? undefined : Math.round((call.deadline.getTime() - Date.now()) / 1000));
  };
  const store = {
    get: (_request: unknown, call: never) => {
      seen(call);
      return { value: Buffer.from('v'), revision: 1n };
    },
    watch: (_request: unknown, call: never) => {
      seen(call);
      return EMPTY;
    },
  };
  await using serving = await served({}, store as never);
  await using client = clientOf({ address: serving.address });
  await client.start();
  await get(client);
  await get(client, { timeoutMs: 500_000 });
  await lastValueFrom((await client.dispense('kv')).watch({ prefix: '' }), { defaultValue: undefined });
  await using lasting = supervise({ endpoint: { address: serving.address }, plugins });
  await firstValueFrom((await lasting.dispense('kv')).get({ key: 'k' }));
  const [own, given, stream, supervised] = left;
  assert.ok(own! > 30 && own! <= 60, `${own}`);
  assert.ok(given! > 400, `${given}`);
  assert.equal(stream, undefined);
  assert.ok(supervised! > 30 && supervised! <= 60, `${supervised}`);
});

test('certificates are replaced without a loss: new connections take the newest ones that can be used', async () => {
  const first = await identities();
  const second = await identities();
  const server$ = new BehaviorSubject(first.server);
  let own = first.client;
  await using serving = await served({ tls: server$ });
  await using relay = new Relay();
  const { address } = await relay.open({ network: 'tcp', address: serving.address });
  await using client = clientOf({ address, tls: () => own });
  const errors: string[] = [];
  client.logs$.pipe(filter(({ level }) => level === 'error')).subscribe(({ message }) => errors.push(message));
  await client.start();
  server$.next(second.server);
  own = { ...second.client, key: 'not a key' };
  assert.equal(await get(client), 'v');
  await reconnected(client, relay, { rejected: true });
  assert.ok(errors.some((message) => message.includes('the new TLS configuration cannot be used')));
  own = second.client;
  await untilState(client, isWell);
  assert.equal(await get(client, { waitForReady: true }), 'v');
  assert.equal(server$.observed, true);
  await serving.close();
  assert.equal(server$.observed, false);
});

async function reconnected(client: Client, relay: Relay, { rejected }: { readonly rejected: boolean }): Promise<void> {
  const lost = untilState(client, (state) => state.reconnecting === true);
  relay.cut();
  await lost;
  if (rejected) await bounded('an attempt', relay.next());
}

test('an endpoint that ends says NOT_SERVING first, and finishes its open calls', async () => {
  let answer: (value: object) => void = () => {};
  let called: () => void = () => {};
  const begun = new Promise<void>((resolve) => {
    called = resolve;
  });
  const get$ = ({ key }: { readonly key: string }) => {
    if (key !== 'slow') return { value: Buffer.from('v'), revision: 1n };
    called();
    return new Promise<object>((resolve) => {
      answer = resolve;
    });
  };
  const serving = await served({}, { get: get$ } as never);
  await using client = clientOf({ address: serving.address }, { grpc: { reconnectTimeoutMs: 200 } });
  await client.start();
  const kv = await client.dispense('kv');
  const open = firstValueFrom(kv.get({ key: 'slow' }));
  await begun;
  const told = untilState(client, (state) => state.notServing === true);
  const closed = serving.close();
  await told;
  const refusal = firstValueFrom(defer(() => kv.get({ key: 'k' })).pipe(repeat(), ignoreElements()));
  await assert.rejects(bounded('a refusal', refusal), /UNAVAILABLE: The plugin is shutting down/);
  answer({ value: Buffer.from('last'), revision: 1n });
  assert.equal(Buffer.from((await open).value).toString(), 'last');
  await closed;
  await bounded('the end', lastValueFrom(client.state$));
  await assert.rejects(client.ping(), hasCode('ERR_CONNECTION_LOST'));
});

test('a host ends an endpoint only if both allow it', async () => {
  for (const allowShutdown of [false, true]) {
    const serving = await served({ allowShutdown });
    const client = clientOf({ address: serving.address, ends: true });
    await client.start();
    await client.stop();
    if (allowShutdown) await bounded('the end', serving.ended);
    else {
      await using other = clientOf({ address: serving.address });
      await other.start();
      await other.ping();
    }
    await serving.close();
  }
});

test('a call over a link that swallows everything costs its deadline, the next one has a new connection', async () => {
  await using serving = await served();
  await using relay = new Relay();
  const { address } = await relay.open({ network: 'tcp', address: serving.address });
  await using client = clientOf({ address }, { grpc: { http2: { keepAliveTimeoutMs: 100 } } });
  await client.start();
  assert.equal(await get(client), 'v');
  const stream$ = (await client.dispense('kv')).watch({ prefix: '' });
  const streamed = lastValueFrom(stream$, { defaultValue: undefined }).catch((error: unknown) => error);
  relay.swallow();
  const lost = untilState(client, (state) => state.reconnecting === true);
  await assert.rejects(get(client, { timeoutMs: 300 }), /took longer than 300 ms/);
  await lost;
  assert.equal(await bounded('a call', get(client, { waitForReady: true })), 'v');
  assert.equal(relay.connections, 2);
  assert.match(String(await bounded('the end of the stream', streamed)), /UNIMPLEMENTED|UNAVAILABLE/);
});

test('launch and supervise take an endpoint; a supervised one is connected to again', async () => {
  await using serving = await served();
  const endpoint = { address: serving.address };
  const launched = await bounded('a client', firstValueFrom(launch({ endpoint, plugins }).pipe(take(1))));
  assert.equal(launched.name, serving.address);
  await using relay = new Relay();
  const { address } = await relay.open({ network: 'tcp', address: serving.address });
  await using plugin = supervise({ endpoint: { address }, plugins, grpc: { reconnectTimeoutMs: 1 } });
  const kv = await plugin.dispense('kv');
  assert.equal(Buffer.from((await firstValueFrom(kv.get({ key: 'k' }))).value).toString(), 'v');
  const refused = () => supervise({ endpoint, plugins, supervision: { size: 2 } });
  assert.throws(refused, /no `supervision.size` above 1 beside `endpoint`/);
});

test('health of another service, where the endpoint has no service `plugin`', async () => {
  let health: HealthService | undefined;
  const configure = (_server: unknown, given: HealthService): void => void (health = given);
  await using serving = await served({ grpc: { configure } });
  await using client = clientOf({ address: serving.address, healthService: 'app.Store' });
  await client.start();
  await assert.rejects(client.ping(), hasCode('ERR_PING'));
  const told = untilState(client, (state) => state.notServing === true);
  health?.set({ 'app.Store': 'NOT_SERVING' });
  await told;
  health?.set({ 'app.Store': 'SERVING' });
  await untilState(client, isWell);
  await client.ping();
});
