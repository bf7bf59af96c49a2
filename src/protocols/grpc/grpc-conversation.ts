import {
  BehaviorSubject,
  EMPTY,
  filter,
  firstValueFrom,
  from,
  map,
  merge,
  mergeMap,
  NEVER,
  type Observable,
  of,
  ReplaySubject,
  Subject,
  Subscription,
  scan,
  switchMap,
  take,
} from 'rxjs';
import { PluginCallError, type PluginError } from '../../errors.js';
import { loopTimer } from '../../streams/loop-timeout.js';
import type { YamuxOptions } from '../../transports/yamux/options.js';
import type { Logger } from '../../wire/logs/logger.js';
import type { PluginSet } from '../contract.js';
import { notDispensable } from '../contract-errors.js';
import { peerOf } from '../peer.js';
import type { ClientConnection, ClientProtocol, HealthSubject, PingOptions } from '../protocol.js';
import type { Broker } from './broker/broker.js';
import { openHostBroker } from './broker/host-broker.js';
import type { MuxedHost } from './broker/muxed-host.js';
import type { BrokerSettings, ResolvedBrokerOptions } from './broker/options.js';
import type { GrpcChannel } from './client/channel.js';
import { type GrpcChannelSettings, securedChannelOptions } from './client/channel-options.js';
import { createGrpcClient, type GrpcClientOptions } from './client/client.js';
import { remoteChannel, remoteClient } from './client/remote-defaults.js';
import { stayConnected } from './client/stay-connected.js';
import { grpcSidesOf } from './contract.js';
import { loadGrpcEngine } from './engine.js';
import { HealthDefinition } from './gen/grpc/health/v1/health.js';
import { GRPCControllerDefinition } from './gen/internal/plugin/grpc_controller.js';
import { GRPCStdioDefinition } from './gen/internal/plugin/grpc_stdio.js';
import { requestShutdown } from './services/controller-client.js';
import { GRPC_SERVICE_NAME } from './services/health.js';
import { checkHealth } from './services/health-client.js';
import { watchServing } from './services/health-watch.js';
import { receiveLastingStdio } from './services/lasting-stdio.js';
import { OWN_CALL_OPTIONS, OWN_SERVICE_LIMITS } from './services/limits.js';
import type { GrpcEngine } from './shared/grpc-engine.js';

/** What `grpcClientProtocol` has resolved. */
export interface GrpcConversationOptions {
  readonly channel: GrpcChannelSettings;
  readonly client: GrpcClientOptions;
  readonly brokerOptions: ResolvedBrokerOptions;
  readonly yamux: YamuxOptions;
  readonly engine: GrpcEngine;
  readonly reconnectTimeoutMs: number;
}

/** Connects at once (go-plugin grpc_client.go newGRPCClient). */
export async function connectGrpc(
  connection: ClientConnection,
  { channel, client, brokerOptions, yamux, engine, reconnectTimeoutMs }: GrpcConversationOptions,
): Promise<ClientProtocol> {
  const endpoints = await loadGrpcEngine(engine);
  const muxed = connection.multiplex
    ? await (await loadMultiplexing()).connectMuxed(connection, brokerOptions, yamux)
    : undefined;
  const { dialer } = muxed ?? connection;
  const secured = securedChannelOptions(dialer, connection.tls);
  const { isRemote = false } = connection;
  const settings = { ...secured, ...(isRemote ? remoteChannel(channel) : channel), ...peerOf(connection) };
  const main = endpoints.createChannel({ ...settings, reasonTimeoutMs: REASON_TIMEOUT_MS });
  const giveUp = () => void main.close();
  connection.signal.addEventListener('abort', giveUp, { once: true });
  if (connection.signal.aborted) giveUp();
  try {
    await main.connect();
  } catch (error) {
    await Promise.all([main.close(), muxed?.close()]);
    throw connection.signal.aborted ? connection.signal.reason : error;
  } finally {
    connection.signal.removeEventListener('abort', giveUp);
  }
  return new GrpcConversation(connection, {
    channel: main,
    muxed,
    clientOptions: isRemote ? remoteClient(client) : client,
    broker: { ...brokerOptions, endpoints },
    reconnectTimeoutMs,
  });
}

/** The exit of a process may be noticed so much later than the end of its connection. */
const REASON_TIMEOUT_MS = 2000;

/** Few hosts multiplex, and the session of yamux is large. */
const loadMultiplexing = () => import('./broker/multiplexing.js');

interface HostEnd {
  readonly channel: GrpcChannel;
  /** The yamux session below the channel, which carries brokered connections too. */
  readonly muxed: MuxedHost | undefined;
  readonly clientOptions: GrpcClientOptions;
  readonly broker: BrokerSettings;
  readonly reconnectTimeoutMs: number;
}

class GrpcConversation implements ClientProtocol {
  readonly name = 'grpc';
  readonly broker: Broker;
  readonly connected$: Observable<boolean>;
  readonly lost$: Observable<PluginError>;
  readonly #lost = new ReplaySubject<PluginError>(1);
  readonly brokerLost$: Observable<void>;
  readonly #brokerLost = new Subject<void>();
  readonly #watching: Subscription;
  readonly #plugins: PluginSet;
  readonly #signal: AbortSignal;
  readonly #channel: GrpcChannel;
  readonly #muxed: MuxedHost | undefined;
  readonly #clientOptions: GrpcClientOptions;
  readonly #stdio: Promise<unknown>;
  /** Ends the reception of output. */
  readonly #noOutput = new AbortController();
  /** Whether output is being passed on. */
  readonly #isBusy = new BehaviorSubject(false);
  #ending = new Subscription();

  constructor(connection: ClientConnection, end: HostEnd) {
    const { channel, muxed, clientOptions, broker } = end;
    const { plugins, signal, syncStdout, syncStderr, logger } = connection;
    this.#plugins = plugins;
    this.#signal = signal;
    this.#channel = channel;
    this.#muxed = muxed;
    this.#clientOptions = clientOptions;
    const connections = countConnections(channel);
    const onBrokerLost = (): void => void this.#tellBrokerLost(connections, logger);
    const reconnection = muxed === undefined ? { connections, onBrokerLost } : undefined;
    this.broker = openHostBroker(channel, muxed?.streams, connection, broker, reconnection);
    this.brokerLost$ = this.#brokerLost.asObservable();
    this.connected$ = channel.state$.pipe(map(({ status }) => status === 'ready'));
    this.lost$ = this.#lost.asObservable();
    this.#watching = lossOf(end).subscribe(this.#lost);
    // At once, as go-plugin does: a plugin blocks on output that is not read.
    const client = createGrpcClient(channel, GRPCStdioDefinition, {
      defaults: { ...OWN_CALL_OPTIONS, background: true },
    });
    this.#stdio = receiveLastingStdio(client, connections, {
      stdout: syncStdout,
      stderr: syncStderr,
      logger,
      signal: AbortSignal.any([signal, this.#noOutput.signal]),
      onBusy: (isBusy) => this.#isBusy.next(isBusy),
    });
  }

  async dispense(name: string): Promise<unknown> {
    const contract = Object.hasOwn(this.#plugins, name) ? this.#plugins[name] : undefined;
    const sides = contract === undefined ? undefined : grpcSidesOf(contract);
    if (sides !== undefined)
      return sides.client({
        channel: this.#channel,
        broker: this.broker,
        clientOptions: this.#clientOptions,
        signal: this.#signal,
      });
    throw notDispensable(name, this.#plugins, this.name);
  }

  async ping({ timeoutMs, service }: PingOptions): Promise<void> {
    const client = createGrpcClient(this.#channel, HealthDefinition, { defaults: OWN_SERVICE_LIMITS });
    const named = service === undefined ? {} : { service };
    const status = await checkHealth(client, { timeoutMs, signal: this.#signal, ...named });
    if (status !== 'SERVING')
      throw new PluginCallError('ERR_PING', `The plugin's health service reports ${status}, expected SERVING.`);
  }

  watchServing({ service = GRPC_SERVICE_NAME }: HealthSubject = {}): Observable<boolean> {
    const client = createGrpcClient(this.#channel, HealthDefinition, { defaults: OWN_SERVICE_LIMITS });
    return watchServing(client, { service, connected$: this.connected$ });
  }

  async shutdown({ timeoutMs }: { readonly timeoutMs: number }): Promise<boolean> {
    // A plugin that ends is not to be connected to again.
    this.#watching.unsubscribe();
    const client = createGrpcClient(this.#channel, GRPCControllerDefinition, { defaults: OWN_CALL_OPTIONS });
    if (await requestShutdown(client, { timeoutMs, signal: this.#signal })) this.#endStreams();
    return true;
  }

  async close(because?: Error): Promise<void> {
    this.#watching.unsubscribe();
    this.#lost.complete();
    this.#brokerLost.complete();
    this.#ending.unsubscribe();
    await Promise.all([this.#channel.close(because), this.broker.close(because), this.#stdio]);
    await this.#muxed?.close();
  }

  /** Without another connection the plugin ends, and its broker with it. */
  async #tellBrokerLost(connections: Observable<number>, logger: Logger): Promise<void> {
    const again$ = connections.pipe(filter((count) => count > 1));
    if ((await firstValueFrom(again$, { defaultValue: 0 })) === 0) return;
    logger.warn('the broker of the plugin is closed since its connection was lost: nothing can be accepted or dialed');
    this.#brokerLost.next();
  }

  /**
   * A server that ends gracefully waits for its running calls, and these two run until the host ends them (grpcio, tonic, netty, C++). The
   * output may still come: the plugin ends from now on.
   */
  #endStreams(): void {
    this.broker.endLink();
    const silent$ = this.#isBusy.pipe(switchMap((isBusy) => (isBusy ? NEVER : loopTimer(LAST_OUTPUT_MS))));
    this.#ending = silent$.pipe(take(1)).subscribe(() => this.#noOutput.abort());
  }
}

/** How long a plugin that has accepted to end may be silent before its output counts as complete. */
const LAST_OUTPUT_MS = 250;

/** The session below the channel accepts a single connection; without one, a connection that is lost can be made again. */
function lossOf({ channel, muxed, reconnectTimeoutMs }: HostEnd): Observable<PluginError> {
  const ended$ = muxed === undefined ? EMPTY : from(muxed.closed);
  const broke$ = ended$.pipe(mergeMap((cause) => (cause === undefined ? EMPTY : of(cause))));
  return merge(broke$, stayConnected(channel, { timeoutMs: reconnectTimeoutMs })).pipe(take(1));
}

/** How many connections the channel has had. Completes with the channel. */
function countConnections({ state$ }: GrpcChannel): BehaviorSubject<number> {
  const connections = new BehaviorSubject(0);
  const ready$ = state$.pipe(filter(({ status }) => status === 'ready'));
  ready$.pipe(scan((count) => count + 1, 0)).subscribe(connections);
  return connections;
}
