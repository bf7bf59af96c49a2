import { PassThrough } from 'node:stream';
import { OptionsError } from '../errors.js';
import { untilAborted } from '../streams/until-aborted.js';
import { listenAt } from '../transports/sockets/listen-at.js';
import type { TlsConfig } from '../transports/tls/config.js';
import { newestTls } from '../transports/tls/rotating.js';
import { rotatingTls, type TlsRotation, type TlsSource } from '../transports/tls/tls.js';
import { resolveDuration } from '../wire/duration.js';
import type { Address } from '../wire/handshake/address.js';
import { parseEndpointAddress, requireLoopback } from '../wire/handshake/endpoint-address.js';
import { type PluginEnvironment, parsePluginEnvironment } from '../wire/handshake/environment.js';
import { asText, type Logger } from '../wire/logs/logger.js';
import type { AssembledPlugin } from './assembled-plugin.js';
import { pluginLogger } from './logger.js';
import { type ResolvedServeOptions, resolveServeOptions } from './options.js';
import { type Serving, startServing } from './serving.js';

/** Where an endpoint is, what protects it, and how it ends. */
export interface EndpointServingOptions {
  /** `host:port`, where port 0 is any free one, or the path of a unix socket. A socket file that a killed process has left is replaced. */
  readonly address: string;
  /** The application protocol version that is served, for nobody negotiates. @default the highest */
  readonly version?: number;
  /**
   * Certificate and key, and the CA of the hosts' certificates (`ca`), which are demanded unless `requireClientCertificate` is false. A function is called
   * for each new connection, of an Observable a new connection takes the newest value. @default none
   */
  readonly tls?: TlsSource;
  /** Allows an address beyond this machine without TLS. @default false */
  readonly allowInsecure?: boolean;
  /** Lets a host end the plugin, which ends it for all of its hosts. @default false */
  readonly allowShutdown?: boolean;
  /**
   * Serves a single host over a single connection, which carries brokers too: the plugin ends with it, and whoever runs it starts it again. The
   * host has the same option. Who connects first is taken, before TLS is asked for. @default false
   */
  readonly grpcBrokerMultiplex?: boolean;
  /** How long the health service says NOT_SERVING before new calls are refused, for balancers that look now and then. @default 0 ms */
  readonly notServingMs?: number;
  /** Ends the serving when it is aborted. */
  readonly signal?: AbortSignal;
}

/** A plugin that is served at an address. */
export interface EndpointServing extends AsyncDisposable {
  /** `host:port` with the real port, or the path of the socket. */
  readonly address: string;
  /** Resolves when serving has ended: by `close`, the `signal`, SIGTERM or SIGINT, a host that may end it, or a listener that failed. Never rejects. */
  readonly ended: Promise<void>;
  /** Ends the serving: NOT_SERVING, then open calls have `callGraceMs`, then everything is closed. Idempotent. */
  close(): Promise<void>;
}

/** For the owner of the plugin's container. */
export interface EndpointHooks {
  /** Called when serving has ended, before `ended` resolves. */
  readonly onEnded: () => Promise<void>;
}

/** Kubernetes ends a container 30 s after SIGTERM. */
const CALL_GRACE_MS = 10_000;
const SHUTDOWN_DEADLINE_MS = 15_000;

/** Serves a plugin that no host has started. Rejects when it cannot be served; everything is closed then. */
export async function serveEndpoint(
  plugin: AssembledPlugin,
  endpoint: EndpointServingOptions,
  { onEnded }: EndpointHooks,
): Promise<EndpointServing> {
  const { signal } = endpoint;
  signal?.throwIfAborted();
  const where = checkedAddress(endpoint);
  const notServingMs = resolveDuration('notServingMs', endpoint.notServingMs, 0);
  const { parts, logger } = await plugin.equip(plugin.options.logger ?? pluginLogger());
  const rotation = await rotationOf(endpoint.tls, logger);
  try {
    const serving = await startServing({
      options: servedOptions(plugin, rotation, notServingMs),
      parts: { ...parts, listen: () => listenAt(where) },
      logger,
      environment: environmentOf(plugin, endpoint),
      output: { stdout: new PassThrough(), stderr: new PassThrough() },
      endOutput: () => {},
      shared: { mayEnd: endpoint.allowShutdown ?? false, notServingMs },
    });
    const release = async (): Promise<void> => {
      rotation?.close();
      await onEnded();
    };
    return new ServedEndpoint(serving, { logger, signal, release, exitGraceMs: exitGraceOf(plugin) });
  } catch (error) {
    rotation?.close();
    throw error;
  }
}

function checkedAddress({ address: given, tls, allowInsecure = false }: EndpointServingOptions): Address {
  const { address } = parseEndpointAddress('`address` of serveEndpoint', given);
  // For Go that is every interface, for a client this machine.
  if (given.startsWith(':')) {
    const all = `\`0.0.0.0${given}\` is every interface, \`localhost${given}\` this machine alone`;
    throw new OptionsError(`Expected \`address\` of serveEndpoint to name a host, got "${given}": ${all}.`);
  }
  if (tls === undefined && !allowInsecure) requireLoopback('serveEndpoint', address);
  return address;
}

/** What is served must be usable from the first connection on: a certificate that is missing is no host's mistake. */
async function rotationOf(tls: TlsSource | undefined, logger: Logger): Promise<TlsRotation | undefined> {
  if (tls === undefined) return undefined;
  const onUnusable = (error: Error): void =>
    logger.error('the new TLS configuration cannot be used; the one before it is used further', {
      error: asText(error),
    });
  const rotation = rotatingTls(tls, { onUnusable });
  try {
    checkServerTls(await newestTls(rotation.config));
    return rotation;
  } catch (error) {
    rotation.close();
    throw error;
  }
}

function checkServerTls({ cert, pfx, ca, requireClientCertificate = true }: TlsConfig): void {
  if (cert === undefined && pfx === undefined)
    throw new OptionsError('Expected `tls` of serveEndpoint to have `cert` and `key`: a server proves who it is.');
  // Without a CA of its own, Node trusts every host that has a certificate of a public CA.
  if (requireClientCertificate && ca === undefined && pfx === undefined)
    throw new OptionsError(
      "Expected `tls` of serveEndpoint to have `ca`, which signs the hosts' certificates. For hosts without one set `requireClientCertificate: false`.",
    );
}

function servedOptions(
  { options }: AssembledPlugin,
  rotation: TlsRotation | undefined,
  notServingMs: number,
): ResolvedServeOptions {
  const { callGraceMs = CALL_GRACE_MS, shutdownDeadlineMs = SHUTDOWN_DEADLINE_MS } = options;
  const resolved = resolveServeOptions({ ...options, protocol: 'grpc', callGraceMs, shutdownDeadlineMs });
  return {
    ...resolved,
    callGraceMs: resolved.callGraceMs + notServingMs,
    shutdownDeadlineMs: resolved.shutdownDeadlineMs + notServingMs,
    ...(rotation === undefined ? {} : { tlsProvider: () => rotation.config }),
  };
}

function exitGraceOf({ options }: AssembledPlugin): number {
  return resolveServeOptions(options).exitGraceMs;
}

/** What a host would have told. */
function environmentOf(plugin: AssembledPlugin, endpoint: EndpointServingOptions): PluginEnvironment {
  const multiplex = endpoint.grpcBrokerMultiplex ?? false;
  const told = {
    hostVersions: versionsOf(plugin, endpoint),
    multiplexRequested: multiplex,
    multiplexEnabled: multiplex,
  };
  return { ...parsePluginEnvironment({}), ...told };
}

/** As a host would ask for them: the highest of these that the plugin has is served. */
function versionsOf({ options }: AssembledPlugin, { version }: EndpointServingOptions): readonly number[] {
  const { handshake, plugins, versionedPlugins = {} } = options;
  const own = Object.keys(versionedPlugins).map(Number);
  const all = plugins === undefined ? own : [...own, handshake.protocolVersion ?? 0];
  if (version === undefined) return all;
  if (all.includes(version)) return [version];
  throw new OptionsError(
    `Expected \`version\` of serveEndpoint to be one of ${all.join(', ')}, got ${String(version)}.`,
  );
}

interface ServedEndpointOptions {
  readonly logger: Logger;
  readonly signal: AbortSignal | undefined;
  readonly release: () => Promise<void>;
  readonly exitGraceMs: number;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

class ServedEndpoint implements EndpointServing {
  readonly address: string;
  readonly ended: Promise<void>;
  readonly #stop = new AbortController();

  constructor(serving: Serving, options: ServedEndpointOptions) {
    this.address = serving.address.address;
    this.ended = this.#serveUntilStopped(serving, options);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serveUntilStopped(serving: Serving, options: ServedEndpointOptions): Promise<void> {
    const { logger, signal, release, exitGraceMs } = options;
    let isSignalled = false;
    // A second signal does what it does to any program: it ends the process at once.
    const onSignal = (): void => {
      isSignalled = true;
      ignoreSignals();
      this.#stop.abort();
    };
    const ignoreSignals = (): void => {
      for (const name of SIGNALS) process.off(name, onSignal);
    };
    for (const name of SIGNALS) process.on(name, onSignal);
    const stopped = AbortSignal.any(signal === undefined ? [this.#stop.signal] : [this.#stop.signal, signal]);
    await untilAborted(serving.ended, stopped).catch(() => {});
    await serving.shutdown();
    // What one of them cannot do must not keep the other from its work.
    for (const end of [() => serving.close(), release])
      await end().catch((error: unknown) => logger.error('the endpoint failed to stop', { error }));
    ignoreSignals();
    // The signal would have ended the process: whatever else keeps it alive has as long as under a host.
    if (isSignalled) setTimeout(() => process.exit(), exitGraceMs).unref();
  }
}
