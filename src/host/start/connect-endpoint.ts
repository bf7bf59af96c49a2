import { NEVER } from 'rxjs';
import { HandshakeError, PluginCallError } from '../../errors.js';
import type { PluginSet } from '../../protocols/contract.js';
import type { BrokerNetwork } from '../../protocols/protocol.js';
import type { AttachedRunner } from '../../runners/runner.js';
import { rotatingTls, type TlsRotation } from '../../transports/tls/tls.js';
import { MAX_TIMER_MS } from '../../wire/duration.js';
import { SAME_ADDRESSES } from '../../wire/handshake/address.js';
import type { EndpointLaunch } from '../attached/endpoint.js';
import { connect } from './connect.js';
import { NO_SOCKETS, socketsOfAttached } from './plugin-sockets.js';
import type { ConnectedPlugin, StartContext } from './start-context.js';

/** Connects to a plugin of which nothing is known but its address. Rejects with a PluginError, or with the reason of `abort`. */
export async function connectEndpoint(launch: EndpointLaunch, context: StartContext): Promise<ConnectedPlugin> {
  const { options, acquired, streams, abort } = context;
  const { address } = launch;
  const { protocolVersion, plugins } = chosenSet(launch, context);
  const multiplex = options.grpcBrokerMultiplex;
  const sockets = address.network === 'unix' ? socketsOfAttached(options) : NO_SOCKETS;
  acquired.sockets = sockets;
  const rotation = rotationOf(launch, context);
  const runner = new EndpointRunner(rotation);
  acquired.runner = runner;
  streams.follow(runner);
  abort.signal.throwIfAborted();
  const isLocal = address.network === 'unix';
  const destination = { protocol: 'grpc', plugins, address, tls: rotation?.config, multiplex, isRemote: true } as const;
  const protocol = await connect(runner, sockets, destination, isLocal || multiplex ? context : withoutBroker(context));
  return { resources: { sockets, runner, protocol }, protocolVersion, address };
}

interface ChosenSet {
  readonly protocolVersion: number;
  readonly plugins: PluginSet;
}

function chosenSet({ version }: EndpointLaunch, { options }: StartContext): ChosenSet {
  const { versions, handshake } = options;
  const [only] = versions.size === 1 ? versions.keys() : [];
  const isBaseKnown = versions.has(handshake.protocolVersion);
  const protocolVersion = version ?? (isBaseKnown ? handshake.protocolVersion : (only ?? handshake.protocolVersion));
  const plugins = versions.get(protocolVersion);
  if (plugins !== undefined) return { protocolVersion, plugins };
  const known = [...versions.keys()].join(', ');
  throw new HandshakeError(
    'ERR_APP_VERSION_MISMATCH',
    `This host has plugin sets for the versions ${known}, and none for ${protocolVersion}. Nobody negotiates with an endpoint: set \`endpoint.version\` to the one that it serves.`,
  );
}

function rotationOf({ tls, serverName }: EndpointLaunch, { streams }: StartContext): TlsRotation | undefined {
  if (tls === undefined) return undefined;
  const onUnusable = (error: Error): void =>
    streams.logger.error('the new TLS configuration cannot be used; the one before it is used further', { error });
  return rotatingTls(tls, { serverName, onUnusable });
}

/** The addresses of brokers mean nothing on another machine: they are unix sockets or loopback ports. */
function withoutBroker(context: StartContext): StartContext {
  const { createNetwork } = context.parts;
  const refuse = (): never => {
    throw new PluginCallError(
      'ERR_BROKER',
      'The broker of an endpoint cannot be used over TCP: the addresses that it announces are those of its own machine. Let both ends ' +
        'multiplex (`grpcBrokerMultiplex`), or connect by a unix socket.',
    );
  };
  const without: typeof createNetwork = (translator, sockets): BrokerNetwork => ({
    ...createNetwork(translator, sockets),
    listen: async () => refuse(),
    pluginToHost: refuse,
    hostToPlugin: refuse,
  });
  return { ...context, parts: { ...context.parts, createNetwork: without } };
}

/** There is no process. Without an id nothing of one is told. */
class EndpointRunner implements AttachedRunner {
  readonly id = '';
  readonly exit$ = NEVER;
  readonly pluginToHost = SAME_ADDRESSES.pluginToHost;
  readonly hostToPlugin = SAME_ADDRESSES.hostToPlugin;
  readonly #rotation: TlsRotation | undefined;
  readonly #held = setInterval(() => {}, MAX_TIMER_MS).unref();

  constructor(rotation: TlsRotation | undefined) {
    this.#rotation = rotation;
  }

  async kill(): Promise<void> {
    this.release();
  }

  release(): void {
    clearInterval(this.#held);
    this.#rotation?.close();
  }

  ref(): void {
    this.#held.ref();
  }

  unref(): void {
    this.#held.unref();
  }
}
