import { setLoopTimeout } from '../../streams/loop-timeout.js';
import { acceptFrom } from '../../transports/acceptor.js';
import { secureListener } from '../../transports/tls/tls.js';
import type { Listener } from '../../transports/transport.js';
import { MAX_TIMER_MS } from '../../wire/duration.js';
import { notServable } from '../contract-errors.js';
import type { ServerConnection, ServerProtocol, SharedServing } from '../protocol.js';
import type { RunningCalls } from '../running-calls.js';
import { whenReady } from '../when-ready.js';
import type { MuxedPlugin, MuxedPluginOptions } from './broker/muxed-plugin.js';
import type { ResolvedBrokerOptions } from './broker/options.js';
import { addPluginBroker, type PluginBroker } from './broker/plugin-broker.js';
import { type GrpcServiceContext, grpcSidesOf } from './contract.js';
import { loadGrpcEngine } from './engine.js';
import { HealthDefinition } from './gen/grpc/health/v1/health.js';
import { GRPCControllerDefinition } from './gen/internal/plugin/grpc_controller.js';
import { GRPCStdioDefinition } from './gen/internal/plugin/grpc_stdio.js';
import { countingServer, grpcRunningCalls } from './server/counting-server.js';
import type { GrpcServer, GrpcServerOptions } from './server/grpc-server.js';
import { createController } from './services/controller.js';
import { HealthService } from './services/health.js';
import { OWN_SERVICE_SETTINGS } from './services/limits.js';
import { addReflection, type ReflectionOptions } from './services/reflection.js';
import { StdioService } from './services/stdio.js';
import type { GrpcEngine } from './shared/grpc-engine.js';

/** Adds services besides those of the plugin set, or changes what the health service says. */
type ConfigureServer = (server: GrpcServer, health: HealthService) => void;

/** What `grpcServerProtocol` has resolved. */
export interface GrpcServingOptions {
  /** What is meant for the servers themselves. */
  readonly serverOptions: GrpcServerOptions;
  readonly options: GrpcServerOptions & ReflectionOptions & { readonly configure?: ConfigureServer };
  readonly brokerOptions: ResolvedBrokerOptions;
  readonly engine: GrpcEngine;
  readonly muxedOptions: MuxedPluginOptions;
}

/** go-plugin reads, and so sends, 1024 bytes at a time; any host takes more, and larger messages carry six times as much (decision 006). */
const STDIO_CHUNK_BYTES = 65_536;

/** Bound of `onShutdown` and of the flush of stdout and stderr, before the host is answered. */
const SHUTDOWN_STEP_MS = 2000;

/** Serves a plugin over gRPC (go-plugin grpc_server.go). */
export async function serveGrpc(
  connection: ServerConnection,
  { options, serverOptions, brokerOptions, engine, muxedOptions }: GrpcServingOptions,
): Promise<ServerProtocol> {
  const endpoints = await loadGrpcEngine(engine);
  const { logger } = connection;
  const server = endpoints.createServer({ logger, ...serverOptions });
  const muxed = connection.multiplex ? await acceptMuxed(connection, muxedOptions) : undefined;
  const { listener } = muxed ?? connection;
  const broker = addPluginBroker(server, muxed?.streams, connection, {
    ...brokerOptions,
    server: { logger, ...brokerOptions.server },
    endpoints,
  });
  const calls = grpcRunningCalls();
  const { tls, shared } = connection;
  const health = new HealthService();
  const conversation = new GrpcServing(server, broker, calls, { listener, tls, shared, health });
  await conversation.addImplementations(connection);
  const stdio = new StdioService({
    stdout: connection.syncStdout,
    stderr: connection.syncStderr,
    maxChunkBytes: STDIO_CHUNK_BYTES,
    recycleChunks: options.interceptors === undefined || options.interceptors.length === 0,
  });
  const controller = createController({
    beforeAnswer: () => connection.onShutdown().then(() => stdio.flush()),
    onShutdown: () => conversation.end(),
    stepTimeoutMs: SHUTDOWN_STEP_MS,
  });
  server.addService(HealthDefinition, health, OWN_SERVICE_SETTINGS);
  server.addService(GRPCStdioDefinition, stdio, OWN_SERVICE_SETTINGS);
  if (shared?.mayEnd !== false) server.addService(GRPCControllerDefinition, controller, OWN_SERVICE_SETTINGS);
  options.configure?.(server, health);
  addReflection(server, options);
  conversation.accept();
  return conversation;
}

async function acceptMuxed(connection: ServerConnection, options: MuxedPluginOptions): Promise<MuxedPlugin> {
  // Few hosts multiplex, and the session of yamux is large.
  const multiplexing = await import('./broker/multiplexing.js');
  if (connection.shared === undefined) return multiplexing.acceptMuxed(connection, options);
  // Nobody has started an endpoint: its host comes when it comes.
  return multiplexing.acceptMuxed(connection, { ...options, firstConnectionTimeoutMs: MAX_TIMER_MS });
}

/** How long the last answers of a plugin with several hosts may be on their way. A host's watch of its health lasts as long as it is let. */
const LAST_ANSWERS_MS = 250;

interface ServedConnection {
  readonly listener: Listener;
  readonly tls: ServerConnection['tls'];
  readonly shared: SharedServing | undefined;
  readonly health: HealthService;
}

class GrpcServing implements ServerProtocol {
  readonly name = 'grpc';
  readonly ended: Promise<void>;
  readonly #server: GrpcServer;
  readonly #broker: PluginBroker;
  readonly #calls: RunningCalls;
  readonly #listener: Listener;
  readonly #shared: SharedServing | undefined;
  readonly #health: HealthService;
  /** Aborted when the services are not served any more. */
  readonly #served = new AbortController();
  #end: () => void = () => {};
  #stopAccepting: () => void = () => {};

  constructor(
    server: GrpcServer,
    broker: PluginBroker,
    calls: RunningCalls,
    { listener, tls, shared, health }: ServedConnection,
  ) {
    this.#shared = shared;
    this.#health = health;
    this.#server = server;
    this.#broker = broker;
    this.#calls = calls;
    this.#listener = tls === undefined ? listener : secureListener(listener, tls, { alpn: ['h2'] });
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  /** Adds the plugin's services, one after the other. Rejects when one cannot be made; those before it are released then. */
  async addImplementations({ implementations, logger }: ServerConnection): Promise<void> {
    const server = countingServer(this.#server, this.#calls);
    const { signal } = this.#served;
    const plugin = this.#broker;
    try {
      for (const [name, { contract, create }] of Object.entries(implementations)) {
        const sides = grpcSidesOf(contract);
        if (sides === undefined) throw notServable(name, contract, 'grpc');
        const context: GrpcServiceContext = {
          logger: logger.named(name),
          protocol: 'grpc',
          get broker() {
            return plugin.broker;
          },
          signal,
        };
        await whenReady(create(context), (service) => sides.serve(server, service, context));
      }
    } catch (error) {
      this.#served.abort();
      throw error;
    }
  }

  accept(): void {
    this.#stopAccepting = acceptFrom(this.#listener, {
      next: (connection) => this.#server.inject(connection),
      error: () => this.end(),
      complete: () => this.end(),
    });
  }

  /** Serving is over: the host has been answered, or no connection can come any more. */
  end(): void {
    this.#end();
  }

  /** Several hosts learn of the end by the health service, and have a moment to go elsewhere. */
  async drain(): Promise<void> {
    if (this.#shared !== undefined) {
      this.#health.setAll('NOT_SERVING');
      const { notServingMs } = this.#shared;
      await new Promise<void>((resolve) => void setLoopTimeout(resolve, notServingMs));
    }
    await this.#calls.drain();
  }

  async close(): Promise<void> {
    await this.#listener.close();
    this.#stopAccepting();
    if (this.#shared !== undefined) await this.#server.drain({ graceMs: LAST_ANSWERS_MS });
    await Promise.all([this.#server.close(), this.#broker.close()]);
    this.#served.abort();
    this.end();
  }
}
