import { PassThrough, type Readable, type Writable } from 'node:stream';
import type { ServedPlugins } from '../assembly/served-plugins.js';
import { assemblePlugin } from '../di/assemble-plugin.js';
import type { ServeOptions } from '../di/serve-options.js';
import { OptionsError } from '../errors.js';
import type { PluginName } from '../host/plugin-client.js';
import type { ClientOfContract, PluginSet, ProtocolName } from '../protocols/contract.js';
import { type GrpcHostOptions, grpcClientProtocol } from '../protocols/grpc/client-protocol.js';
import type { GrpcEngine } from '../protocols/grpc/shared/grpc-engine.js';
import { netRpcClientProtocol } from '../protocols/netrpc/client-protocol.js';
import type { BrokerNetwork, ClientProtocol, ServerProtocol } from '../protocols/protocol.js';
import type { Listener } from '../transports/transport.js';
import { type Logger, SILENT_LOGGER } from '../wire/logs/logger.js';
import {
  brokerNetworkOver,
  checkPairOptions,
  type PairOptions,
  type PairTls,
  pairTls,
  pairTransport,
} from './pair-options.js';
import { Teardown } from './teardown.js';

/** Options of both ends of a plugin's connection. */
export interface PluginPairOptions extends PairOptions, Pick<ServeOptions, 'modules' | 'container' | 'onShutdown'> {
  /** What both ends' gRPC stands on. @default 'native' */
  readonly grpcEngine?: GrpcEngine;
  /** gRPC options of the plugin, as `serve` takes them. */
  readonly serve?: Exclude<ServeOptions['grpc'], undefined>;
  /** gRPC options of the host, as `createClient` takes them. */
  readonly host?: GrpcHostOptions;
  /** The protocol. @default 'grpc' if every contract of the set has it, else 'netrpc', as a plugin chooses */
  readonly protocol?: ProtocolName;
  /** Multiplexes brokered connections over the main one; net/rpc always does. @default false */
  readonly multiplex?: boolean;
  /** The logger of both ends. @default silent */
  readonly logger?: Logger;
}

const NAMES = [
  'modules',
  'container',
  'onShutdown',
  'grpcEngine',
  'serve',
  'host',
  'protocol',
  'multiplex',
  'logger',
] satisfies (keyof PluginPairOptions)[];

/** A host's and a plugin's end of one connection. */
export interface PluginPair<P extends PluginSet> extends AsyncDisposable {
  /** A new client of one plugin of the set, as `client.dispense` gives it. */
  dispense<N extends PluginName<P>>(name: N): Promise<ClientOfContract<P[N]>>;
  /** The host's end: `ping`, `shutdown`, the broker. */
  readonly host: ClientProtocol;
  /** The plugin's end; its `ended` resolves after a shutdown. */
  readonly plugin: ServerProtocol;
  /** What the plugin's program would print to its stdout: written here, it travels over the protocol to `syncStdout`. */
  readonly pluginStdout: Writable;
  /** The same for its stderr, to `syncStderr`. */
  readonly pluginStderr: Writable;
  /** What the host receives of `pluginStdout`. The writer waits when it is full. */
  readonly syncStdout: Readable;
  /** What the host receives of `pluginStderr`, likewise. */
  readonly syncStderr: Readable;
  /** Closes host, plugin and their connections. Idempotent. */
  dispose(): Promise<void>;
}

/**
 * A host and a plugin that are connected within this process, with everything that a real connection has: the services of the set,
 * stdio, broker and shutdown, over gRPC health and reflection too (go-plugin testing.go TestPluginGRPCConn, TestPluginRPCConn).
 * `services` is what `serve` takes.
 *
 * @example
 * ```ts
 * await using pair = await createPluginPair(plugins, { kv: KvStore });
 * const kv = await pair.dispense('kv');
 * await firstValueFrom(kv.put({ key: 'a', value }));
 * ```
 */
export async function createPluginPair<P extends PluginSet>(
  plugins: P,
  services: Readonly<Record<PluginName<P>, ServedPlugins[string]>>,
  options: PluginPairOptions = {},
): Promise<PluginPair<P>> {
  checkPairOptions('createPluginPair', options, NAMES);
  const teardown = new Teardown();
  return await teardown.guard(async () => {
    const link = await linkOf(options.protocol ?? protocolOf(plugins), options, teardown);
    const { plugin, pluginStdout, pluginStderr } = await serveOn(link, services, options, teardown);
    const { host, syncStdout, syncStderr } = await connectTo(link, plugins, options, teardown);
    const dispense = (name: string) => host.dispense(name);
    const dispose = () => teardown.run();
    const ends = { host, plugin, syncStdout, syncStderr, pluginStdout, pluginStderr };
    // The types of the clients are those of the set, which the host's end was made with.
    return { ...ends, dispense: dispense as PluginPair<P>['dispense'], dispose, [Symbol.asyncDispose]: dispose };
  });
}

/** What lies between the ends. */
interface Link {
  readonly protocol: ProtocolName;
  readonly listener: Listener;
  readonly network: BrokerNetwork;
  readonly tls: PairTls;
  readonly logger: Logger;
}

async function linkOf(protocol: ProtocolName, options: PluginPairOptions, teardown: Teardown): Promise<Link> {
  const transport = pairTransport(options);
  const tls = await pairTls(options);
  const listener = await transport.listen();
  teardown.add(() => listener.close());
  const { logger = SILENT_LOGGER } = options;
  return { protocol, listener, network: brokerNetworkOver(transport), tls, logger };
}

async function serveOn(
  { protocol, listener, network, tls, logger }: Link,
  plugins: ServedPlugins,
  { modules = [], container, serve, grpcEngine, onShutdown, multiplex = false }: PluginPairOptions,
  teardown: Teardown,
): Promise<Pick<PluginPair<PluginSet>, 'plugin' | 'pluginStdout' | 'pluginStderr'>> {
  const assembled = assemblePlugin({
    handshake: UNUSED_HANDSHAKE,
    plugins,
    modules,
    logger,
    ...(container === undefined ? {} : { container }),
    ...(serve === undefined ? {} : { grpc: serve }),
    ...(grpcEngine === undefined ? {} : { grpcEngine }),
  });
  teardown.add(() => assembled[Symbol.asyncDispose]());
  const { parts } = await assembled.equip(logger);
  const factory = parts.protocols[protocol];
  if (factory === undefined) throw new OptionsError(`The \`modules\` leave nothing that serves ${protocol}.`);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const plugin = await factory({
    listener,
    network,
    tls: tls.server,
    multiplex,
    implementations: assembled.options.plugins ?? {},
    syncStdout: stdout,
    syncStderr: stderr,
    logger,
    onShutdown: async () => await onShutdown?.(),
  });
  teardown.add(() => plugin.close());
  return { plugin, pluginStdout: stdout, pluginStderr: stderr };
}

async function connectTo(
  { protocol, listener, network, tls, logger }: Link,
  plugins: PluginSet,
  { host: hostOptions, grpcEngine, multiplex = false }: PluginPairOptions,
  teardown: Teardown,
): Promise<Pick<PluginPair<PluginSet>, 'host' | 'syncStdout' | 'syncStderr'>> {
  const [syncStdout, syncStderr] = [new PassThrough(), new PassThrough()];
  const gone = new AbortController();
  const factory = protocol === 'grpc' ? grpcClientProtocol(hostOptions, grpcEngine) : netRpcClientProtocol();
  const host = await factory({
    dialer: network.dialerTo(listener.address),
    network,
    tls: tls.client,
    multiplex,
    plugins,
    syncStdout,
    syncStderr,
    logger,
    signal: gone.signal,
  });
  teardown.add(() => host.close());
  teardown.add(() => gone.abort());
  return { host, syncStdout, syncStderr };
}

function protocolOf(plugins: PluginSet): ProtocolName {
  return Object.values(plugins).every(({ protocols }) => protocols.includes('grpc')) ? 'grpc' : 'netrpc';
}

/** There is no process, and so no handshake. */
const UNUSED_HANDSHAKE = { magicCookieKey: 'UNUSED', magicCookieValue: 'unused' };
