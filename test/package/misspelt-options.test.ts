import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { firstValueFrom, type Observable } from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { KvStore } from '../../examples/grpc-kv/kv-store.js';
import { bundle, bundleExecutable } from '../../src/bundle/index.js';
import { attachContainer, containerRunner } from '../../src/container.js';
import { pluginHostModule } from '../../src/di/index.js';
import {
  createGrpcChannel,
  createGrpcClient,
  createGrpcServer,
  GrpcError,
  grpcClientProtocol,
  grpcServerProtocol,
  Metadata,
  selfSignedAuthority,
} from '../../src/grpc.js';
import {
  attachProcess,
  backoff,
  type CallContext,
  cleanupOnExit,
  createClient,
  createLogger,
  grpcPlugin,
  launch,
  netRpcPlugin,
  pluginLogger,
  processRunner,
  promiseClient,
  serveTest,
  unimplemented,
} from '../../src/index.js';
import { createNetRpcClient, netRpcClientProtocol, netRpcServerProtocol, serveNetRpc } from '../../src/net-rpc.js';
import { supervise } from '../../src/supervise.js';
import {
  createConnectionPair,
  createGrpcConnection,
  createGrpcPair,
  createNetRpcConnection,
  createPluginPair,
  fakeRunner,
  inProcessRunner,
  marbles,
} from '../../src/testing/index.js';
import { dialerTo, directoryChecksum, listen, socketTransport } from '../../src/transport.js';
import { rejection } from '../support/rejection.js';

/** Fits everywhere: a program in JavaScript passes anything. */
type Anything = never;

const command = [process.execPath, 'plugin.js'];
const client = { command, handshake, plugins };
const plugin = { handshake, plugins: { kv: KvStore } };
const dialer = dialerTo({ network: 'unix', address: '/nowhere' });
const channel = createGrpcChannel({ dialer });
const address = { network: 'tcp', address: '127.0.0.1:1' } as const;

/** The known name, and a call with one that is spelt otherwise; `given` is what has to be there besides. */
const misspelt: readonly (readonly [
  known: string,
  wrong: string,
  call: (options: Anything) => unknown,
  given?: object,
])[] = [
  ['startTimeoutMs', 'startTimeout', createClient, client],
  ['autoMtls', 'autoMTLS', createClient, client],
  ['plugins', 'Plugins', createClient, client],
  ['name', 'naem', (options) => firstValueFrom(launch(options)), client],
  ['magicCookieKey', 'magicCookiekey', (handshake) => createClient({ ...client, handshake }), handshake],
  ['tempDir', 'tmpDir', (unixSocket) => createClient({ ...client, unixSocket })],
  ['min', 'mni', (ports) => createClient({ ...client, ports }), { min: 1, max: 2 }],
  ['checksum', 'checkSum', (secureConfig) => createClient({ ...client, secureConfig })],
  ['address', 'adress', (reattach) => createClient({ ...client, command: undefined, reattach } as Anything)],
  ['userAgent', 'useragent', (grpc) => createClient({ ...client, grpc })],
  ['keepAliveMs', 'keepaliveMs', (http2) => createClient({ ...client, grpc: { http2 } }).start()],
  ['keepAlive', 'keepalive', (yamux) => createClient({ ...client, grpc: { yamux } })],
  ['timeoutMs', 'timeout', (broker) => createClient({ ...client, grpc: { broker } })],
  ['waitForReady', 'waitForRedy', (defaults) => createGrpcClient(channel, KVDefinition, { defaults })],
  ['stopGraceMs', 'stopGrace', (kv) => pluginHostModule({ kv }).load({ bind: () => ({}) } as Anything), client],
  ['supervision', 'supervison', supervise, client],
  ['idleStopMs', 'idleStop', (supervision) => supervise({ ...client, supervision })],
  [
    'idleStopMs',
    'idleStop',
    (supervision) =>
      pluginHostModule({ kv: { ...client, supervision } } as Anything).load({ bind: () => ({}) } as Anything),
  ],
  ['withinMs', 'within', (intensity) => supervise({ ...client, supervision: { intensity } } as Anything), { max: 5 }],
  ['limitMs', 'limit', (whenDown) => supervise({ ...client, supervision: { whenDown } })],
  ['intervalMs', 'interval', (health) => supervise({ ...client, supervision: { health } })],
  ['memoryBytes', 'memory', (recycle) => supervise({ ...client, supervision: { recycle } })],
  ['memoryBytes', 'memorybytes', (limits) => supervise({ ...client, supervision: { limits } })],
  ['scaleUpAtCalls', 'scaleUpCalls', (size) => supervise({ ...client, supervision: { size } } as Anything), { max: 2 }],
  ['drainMs', 'drain', (reload) => supervise({ ...client, supervision: { reload } })],
  ['initialMs', 'initial', (backoff) => supervise({ ...client, supervision: { backoff } })],
  ['onShutdown', 'onShutDown', serveTest, plugin],
  ['shutdownDeadlineMs', 'shutdownDeadline', serveTest, plugin],
  [
    'magicCookieValue',
    'cookieValue',
    (wrong) => serveTest({ ...plugin, handshake: { ...handshake, ...(wrong as object) } }),
  ],
  ['syncStdio', 'syncStdIO', (options) => serveTest(plugin, options)],
  ['maxBufferedBytes', 'maxBuffered', (grpc) => serveTest({ ...plugin, grpc })],
  ['network', 'netwrok', inProcessRunner, plugin],
  ['initialMs', 'initial', backoff],
  ['signals', 'signal', cleanupOnExit],
  ['level', 'lvel', createLogger, { write: () => {} }],
  ['cwd', 'cdw', processRunner, { command, env: {} }],
  ['probe', 'prob', attachProcess, { pid: 1 }],
  ['dialer', 'dialler', createGrpcChannel],
  ['interceptors', 'interceptor', (options) => createGrpcClient(channel, KVDefinition, options)],
  ['timeoutMs', 'timeoutMS', (options) => firstValueFrom(createGrpcClient(channel, KVDefinition).get({}, options))],
  ['metadata', 'metaData', (options) => createGrpcClient(channel, KVDefinition).watch.readable({}, options)],
  ['http2', 'http', createGrpcServer],
  ['reconnectTimeoutMs', 'reconnectTimeout', grpcClientProtocol],
  ['descriptorSets', 'descriptorSet', grpcServerProtocol],
  ['yamux', 'yamx', netRpcClientProtocol],
  ['openTimeoutMs', 'openTimeout', netRpcServerProtocol],
  ['maxPending', 'maxpending', (broker) => netRpcClientProtocol({ broker })],
  ['limits', 'limit', (options) => createNetRpcClient(new PassThrough(), options)],
  ['maxDepth', 'maxDeep', (limits) => createNetRpcClient(new PassThrough(), { limits })],
  ['registry', 'registery', (options) => serveNetRpc(new PassThrough(), new Map(), options)],
  ['curve', 'curv', selfSignedAuthority],
  ['timeoutMs', 'timeoutMillis', (options) => dialerTo(address, options)],
  ['socketDir', 'socketdirectory', listen],
  ['ports', 'port', socketTransport],
  ['hash', 'hsah', (options) => directoryChecksum('.', options)],
  ['image', 'imag', containerRunner],
  ['memoryBytes', 'memory', (limits) => containerRunner({ image: 'kv', limits })],
  ['source', 'src', (mount) => containerRunner({ image: 'kv', mounts: [mount] })],
  ['engine', 'engin', (options) => attachContainer('kv', options)],
  ['outfile', 'outFile', bundle, { entry: 'plugin.ts' }],
  ['outfile', 'outFile', bundleExecutable, { entry: 'plugin.ts' }],
  ['tls', 'tsl', createConnectionPair],
  ['transport', 'transprot', (options) => createGrpcConnection(() => {}, options)],
  ['logger', 'loger', (options) => createGrpcPair(KVDefinition, new KvStore({} as Anything), options)],
  ['server', 'servre', (options) => createNetRpcConnection(new Map(), options)],
  ['multiplex', 'multiplexed', (options) => createPluginPair({ kv: plugins.kv }, { kv: KvStore }, options)],
  ['diagnosis', 'diagnostics', (options) => fakeRunner(() => {}, options)],
  ['subscriptions', 'subscription', (options) => marbles(() => {}, options)],
];

for (const [known, wrong, call, given] of misspelt) {
  test(`${wrong} in the place of ${known} is an OptionsError that names it`, async () => {
    const outcome = (async () => await call({ ...given, [wrong]: 'x' } as Anything))();
    await assert.rejects(outcome, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_OPTIONS', String(error));
      assert.match(
        error.message,
        new RegExp(`There is no option \`${wrong}\` of .*(Did you mean \`${known}\`|It has .*\`${known}\`)`),
      );
      return true;
    });
  });
}

test('an unknown name without a value, as a default leaves it, is ignored', async () => {
  await createClient({ ...client, timeout: undefined } as Anything).stop();
});

test('options that are none are refused, and not by a TypeError', async () => {
  for (const nothing of [undefined, null, 'options', () => ({})] as Anything[])
    for (const call of [
      createClient,
      (options: Anything) => firstValueFrom(launch(options)),
      serveTest,
      backoff,
      createLogger,
      processRunner,
      containerRunner,
      bundle,
      bundleExecutable,
      attachProcess,
    ])
      await assert.rejects((async () => await (call as (options: unknown) => unknown)(nothing))(), {
        code: 'ERR_OPTIONS',
        message: /Expected the options of .* to be an object/,
      });
});

test('a contract of nothing is refused', () => {
  for (const nothing of [undefined, null, 5, 'x'] as Anything[])
    assert.throws(() => netRpcPlugin(nothing), { code: 'ERR_OPTIONS', message: /Expected the methods .*, got/ });
});

const wrongValues: readonly (readonly [what: string, call: () => unknown, says: RegExp])[] = [
  [
    'a path for stderr',
    () => createClient({ ...client, stderr: 'plugin.log' as Anything }),
    /`stderr`.*Writable.*"plugin.log"/,
  ],
  ['a level for a logger', () => serveTest({ ...plugin, logger: 'info' as Anything }), /`logger`.*Logger.*"info"/],
  ['a level that is none', () => pluginLogger('verbose' as Anything), /one of trace, debug.*verbose/],
  ['a writable for write', () => createLogger({ write: process.stderr as Anything }), /`write`.*function/],
  ['a number in env', () => createClient({ ...client, env: { PORT: 80 as Anything } }), /`env.PORT`.*80 \(number\)/],
  ['a URL of the web', () => createClient({ ...client, cwd: new URL('https://a.b/') }), /`cwd`.*file:/],
  ['one signal', () => cleanupOnExit({ signals: 'SIGINT' as Anything }), /`signals`.*list.*SIGINT/],
  ['an unknown network', () => listen({ network: 'udp' as Anything }), /`network`.*"udp"/],
  ['an address for a dialer', () => createGrpcChannel({ dialer: address as Anything }), /`dialer`.*dialerTo/],
  ['a number for a plugin', () => serveTest({ ...plugin, plugins: { kv: 5 as Anything } }), /`kv` of the plugin set/],
  ['a name for a view', () => grpcPlugin(KVDefinition, { view: 'promise' as Anything }), /`view`.*function.*"promise"/],
  [
    'a misspelt view',
    () => grpcPlugin(KVDefinition, { veiw: promiseClient } as Anything),
    /`veiw` of grpcPlugin.*`view`/,
  ],
  ['a curve that is none', () => selfSignedAuthority({ curve: 'P-1' as Anything }), /`curve`/],
  ['text for metadata', () => new GrpcError(5, '', { metadata: 'a=b' as Anything }), /metadata.*a=b/],
  ['an illegal name of metadata', () => new GrpcError(5, '', { metadata: { ä: '1' } }), /`ä` of the metadata/],
];

for (const [what, call, says] of wrongValues)
  test(`${what} is refused by name`, async () => {
    await assert.rejects((async () => await call())(), { code: 'ERR_OPTIONS', message: says });
  });

test('process.env, URLs, lists of strings and metadata as objects are taken', async () => {
  const list: string[] = [process.execPath, 'plugin.js'];
  const cwd = pathToFileURL(process.cwd());
  await createClient({ handshake, plugins, command: list, cwd, env: process.env }).stop();
  processRunner({ command: [process.execPath], env: process.env });
  const error = new GrpcError(5, '', { metadata: { 'kv-key': ['a', 'b'], 'kv-bin': Uint8Array.of(1) } });
  assert.deepEqual(error.metadata.get('kv-key'), ['a', 'b']);
  assert.deepEqual(error.metadata.get('kv-bin'), [Buffer.of(1)]);
});

test('a request may be left out, metadata may be an object, and text is no request', async () => {
  const seen: unknown[] = [];
  const service = {
    ...unimplemented(KVDefinition),
    get: (_request: unknown, call: CallContext) => {
      seen.push(call.metadata.get('tenant'));
      call.sendHeaders({ served: 'yes' });
      return { value: Uint8Array.of(1), revision: 1n };
    },
  };
  await using pair = await createGrpcPair(KVDefinition, service);
  const kv = pair.client as unknown as Record<'get', (...args: unknown[]) => Observable<unknown>>;
  const headers: Metadata[] = [];
  const options = { metadata: { tenant: 'a' }, onHeaders: (metadata: Metadata) => headers.push(metadata) };
  await firstValueFrom(kv.get(undefined, options));
  await firstValueFrom(kv.get({}, { metadata: Object.assign(new Metadata(), {}) }));
  assert.deepEqual([seen, headers[0]?.get('served')], [[['a'], []], ['yes']]);
  assert.match((await rejection(kv.get('key'))).message, /expected a message, which is an object, got string/);
});
