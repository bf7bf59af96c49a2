import { OptionsError } from '../errors.js';
import type { PluginImplementations } from '../protocols/contract.js';
import type { ServerProtocol } from '../protocols/protocol.js';
import type { Listener } from '../transports/transport.js';
import { type PluginEnvironment, parsePluginEnvironment } from '../wire/environment.js';
import { formatHandshake } from '../wire/handshake-line.js';
import type { Logger } from '../wire/logger.js';
import type { ChosenVersion } from '../wire/versions.js';
import { cookieComplaint, refuse } from './guard.js';
import { watchHost } from './host-watch.js';
import { pluginLogger } from './logger.js';
import { negotiate } from './negotiate.js';
import { type ResolvedServeOptions, resolveServeOptions, type ServeOptions } from './options.js';
import type { PluginParts } from './parts.js';
import { Shutdown } from './shutdown.js';
import { StdioCapture } from './stdio-capture.js';
import { type TlsSide, tlsSideOf } from './tls-side.js';

/**
 * Serves plugins to the host that started this process, and resolves when serving has ended: the host asked for it, the host is
 * gone, or the listener broke. Ends the process with status 1 when it was not started by a host. Rejects when the plugin cannot be
 * served; nothing has been announced then (go-plugin server.go Serve).
 */
export async function serve(options: ServeOptions, parts: PluginParts): Promise<void> {
  const complaint = cookieComplaint(options.handshake);
  if (complaint !== undefined) return await refuse(complaint);
  const resolved = resolveServeOptions(options);
  const logger = options.logger ?? pluginLogger();
  const capture = new StdioCapture({
    onDropped: (stream, bytes) => logger.warn('output was lost: nobody read it', { stream, bytes }),
  });
  // From the first moment: what a library prints while the plugin is being built must not precede the handshake.
  capture.start();
  try {
    await serveCaptured({
      options: resolved,
      parts,
      capture,
      logger,
      environment: parsePluginEnvironment(process.env),
    });
  } catch (error) {
    logger.error('the plugin cannot be served', { error });
    throw error;
  } finally {
    capture.stop();
    endProcessWithin(resolved.exitGraceMs);
  }
}

interface Serving {
  readonly options: ResolvedServeOptions;
  readonly parts: PluginParts;
  readonly capture: StdioCapture;
  readonly logger: Logger;
  readonly environment: PluginEnvironment;
}

async function serveCaptured(serving: Serving): Promise<void> {
  const { options, parts, environment, logger } = serving;
  if (environment.invalidVersions.length > 0)
    logger.warn('the host sent protocol versions that are no integers', { versions: environment.invalidVersions });
  const chosen = negotiate(options, environment);
  const side = await tlsSideOf(options, environment, parts.certificateAuthority, logger);
  const listener = await parts.listen(environment, options.network);
  try {
    const shutdown = shutdownOf(serving);
    const protocol = await begin(serving, chosen, side, listener, shutdown);
    try {
      // Before the line is out: a host may interrupt, or be gone, as soon as it has read it.
      const unwanted = untilUnwanted(serving, protocol);
      await announce(serving, chosen, side, listener);
      await unwanted;
      await shutdown.run();
    } finally {
      await protocol.close();
    }
  } finally {
    await listener.close();
  }
}

function shutdownOf({ options, capture, logger }: Serving): Shutdown {
  const hooks = options.onShutdown === undefined ? [] : [options.onShutdown];
  return new Shutdown([...hooks, () => capture.stop()], { deadlineMs: options.shutdownDeadlineMs, logger });
}

function begin(
  { parts, options, environment, capture, logger }: Serving,
  chosen: ChosenVersion<PluginImplementations>,
  side: TlsSide,
  listener: Listener,
  shutdown: Shutdown,
): Promise<ServerProtocol> {
  const factory = parts.protocols[chosen.protocol];
  if (factory === undefined)
    throw new OptionsError(`This plugin cannot be served over ${chosen.protocol}: no such protocol is bound.`);
  return factory({
    listener,
    network: parts.createNetwork(environment, options.network),
    tls: side.tls,
    multiplex: environment.multiplexEnabled && chosen.protocol === 'grpc',
    implementations: chosen.plugins ?? {},
    stdout: capture.stdout,
    stderr: capture.stderr,
    logger,
    onShutdown: () => shutdown.run(),
  });
}

/** The handshake: one line, the first and the last that this process writes to its real stdout while it serves. */
async function announce(
  { capture, environment, logger }: Serving,
  chosen: ChosenVersion<PluginImplementations>,
  side: TlsSide,
  listener: Listener,
): Promise<void> {
  logger.debug('plugin address', { network: listener.address.network, address: listener.address.address });
  const line = formatHandshake({
    appVersion: chosen.version,
    address: listener.address,
    protocol: chosen.protocol,
    ...(side.serverCertificate === undefined ? {} : { serverCertificate: side.serverCertificate }),
    multiplexing: environment.multiplexRequested,
  });
  await capture.realStdout(line);
}

/** Resolves when the plugin has been asked to end, has lost its host, or cannot serve any more. */
async function untilUnwanted({ options, logger }: Serving, protocol: ServerProtocol): Promise<void> {
  let interrupts = 0;
  // go-plugin: Ctrl-C reaches host and plugin alike; the host decides (server.go Serve).
  const onInterrupt = () => logger.trace('interrupt ignored', { count: ++interrupts });
  const cleanups: (() => void)[] = [() => void process.off('SIGINT', onInterrupt)];
  const told = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    cleanups.push(() => void process.off('SIGTERM', resolve));
    if (options.exitWithHost) cleanups.push(watchHost(resolve));
  });
  process.on('SIGINT', onInterrupt);
  try {
    await Promise.race([protocol.ended, told]);
  } finally {
    for (const cleanup of cleanups) cleanup();
  }
}

/** What the program still has to do it may do; what merely keeps it alive must not outlast the host's patience. */
function endProcessWithin(graceMs: number): void {
  setTimeout(() => process.exit(), graceMs).unref();
}
