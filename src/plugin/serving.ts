import type { Readable } from 'node:stream';
import { OptionsError } from '../errors.js';
import type { ProtocolName } from '../protocols/contract.js';
import type { ServerProtocol, SharedServing } from '../protocols/protocol.js';
import { settledWithin } from '../streams/settled-within.js';
import type { Listener } from '../transports/transport.js';
import type { Address } from '../wire/handshake/address.js';
import type { PluginEnvironment } from '../wire/handshake/environment.js';
import type { Logger } from '../wire/logs/logger.js';
import { countConnections } from './counted-listener.js';
import type { HostConnections } from './host-polls.js';
import { negotiate } from './negotiate.js';
import type { ResolvedServeOptions } from './options.js';
import type { PluginParts } from './plugin-parts.js';
import { resolveServerTls } from './server-tls.js';
import { runHooks } from './shutdown.js';

/** What the process, or the test, provides to serve a plugin. */
export interface ServingContext {
  readonly options: ResolvedServeOptions;
  readonly parts: PluginParts;
  readonly logger: Logger;
  readonly environment: PluginEnvironment;
  /** The program's stdout and stderr, for the host. */
  readonly output: { readonly stdout: Readable; readonly stderr: Readable };
  /** Ends `output` after what is still buffered. */
  readonly endOutput: () => void;
  /** Set for a plugin that was not started by its hosts. */
  readonly shared?: SharedServing;
}

/** A plugin that is being served. */
export interface Serving {
  /** The protocol version of the application that was negotiated. */
  readonly version: number;
  readonly protocol: ProtocolName;
  readonly address: Address;
  /** The certificate for field 6 of the handshake, in DER; AutoMTLS only. */
  readonly serverCertificate?: Uint8Array;
  /** Resolves when the host has asked the plugin to stop, or the listener has failed. Never rejects. */
  readonly ended: Promise<void>;
  readonly connected: HostConnections;
  /** Waits for running calls and runs the shutdown hooks, within their deadlines. Idempotent. Never rejects. */
  shutdown(): Promise<void>;
  /** Closes the listener and all connections. Idempotent. */
  close(): Promise<void>;
}

/** Negotiates, listens and serves. Rejects when the plugin cannot be served; everything is closed then. */
export async function startServing(context: ServingContext): Promise<Serving> {
  const { options, parts, environment, logger } = context;
  if (environment.invalidVersions.length > 0)
    logger.warn('the host sent protocol versions that are no integers', { versions: environment.invalidVersions });
  const { version, protocol: name, plugins } = negotiate(options, environment);
  const { tls, serverCertificate } = await resolveServerTls(options, environment, parts.certificateAuthority, logger);
  const factory = parts.protocols[name];
  if (factory === undefined)
    throw new OptionsError(`This plugin cannot be served over ${name}: its container binds nothing for that protocol.`);
  const { listener, ...connected } = countConnections(await parts.listen(environment, options.network));
  const started: { protocol?: ServerProtocol; shutdown?: Promise<void> } = {};
  const shutdown = (): Promise<void> => (started.shutdown ??= shutDown(context, started.protocol));
  const protocol = await closeOnError(listener, async () =>
    factory({
      listener,
      network: parts.createNetwork(environment, options.network),
      tls,
      multiplex: environment.multiplexEnabled && name === 'grpc',
      implementations: plugins ?? {},
      syncStdout: context.output.stdout,
      syncStderr: context.output.stderr,
      logger,
      onShutdown: shutdown,
      ...(context.shared === undefined ? {} : { shared: context.shared }),
    }),
  );
  started.protocol = protocol;
  logLater(logger, listener.address);
  return {
    version,
    protocol: name,
    address: listener.address,
    ...(serverCertificate === undefined ? {} : { serverCertificate }),
    ended: protocol.ended,
    connected,
    shutdown,
    close: () => closeAll(protocol, listener),
  };
}

/** After the handshake, which the host waits for. */
function logLater(logger: Logger, { network, address }: Address): void {
  setImmediate(() => logger.debug('plugin address', { network, address }));
}

/** Waits for the running calls, runs the application's hook, then ends the output. Never rejects. */
async function shutDown(context: ServingContext, protocol: ServerProtocol | undefined): Promise<void> {
  const { options, logger, endOutput } = context;
  const { onShutdown, shutdownDeadlineMs, callGraceMs } = options;
  const startedMs = performance.now();
  await settledWithin(Math.min(callGraceMs, shutdownDeadlineMs), protocol?.drain?.() ?? Promise.resolve());
  const deadlineMs = Math.max(0, shutdownDeadlineMs - (performance.now() - startedMs));
  await runHooks([...(onShutdown === undefined ? [] : [onShutdown]), endOutput], { deadlineMs, logger });
}

async function closeOnError<T>(listener: Listener, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    await listener.close();
    throw error;
  }
}

async function closeAll(protocol: ServerProtocol, listener: Listener): Promise<void> {
  try {
    await protocol.close();
  } finally {
    await listener.close();
  }
}
