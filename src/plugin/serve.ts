import { removeAbandonedSocketDir } from '../transports/sockets/socket-dir.js';
import { type PluginEnvironment, parsePluginEnvironment } from '../wire/handshake/environment.js';
import { formatHandshake } from '../wire/handshake/handshake-line.js';
import type { Logger } from '../wire/logs/logger.js';
import { cookieComplaint, refuse } from './guard.js';
import { watchHost } from './host-watch.js';
import { pluginLogger } from './logger.js';
import { resolveServeOptions, type ServeOptions } from './options.js';
import type { PluginParts } from './parts.js';
import { beginServing, type Serving, type ServingContext } from './serving.js';
import { StdioCapture } from './stdio-capture.js';

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
  const environment = parsePluginEnvironment(process.env);
  removeWhatTheHostLeaves(environment);
  const capture = new StdioCapture({
    onDropped: (stream, bytes) => logger.warn('output was lost: nobody read it', { stream, bytes }),
  });
  // From the first moment: what a library prints while the plugin is being built must not precede the handshake.
  capture.start();
  const endOutput = (): void => capture.stop();
  try {
    const context = { options: resolved, parts, logger, environment, output: capture, endOutput };
    await serveUntilUnwanted(context, capture);
  } catch (error) {
    logger.error('the plugin cannot be served', { error });
    throw error;
  } finally {
    capture.stop();
    endProcessWithin(resolved.exitGraceMs);
  }
}

async function serveUntilUnwanted(context: ServingContext, capture: StdioCapture): Promise<void> {
  const { options, environment, logger } = context;
  const serving = await beginServing(context);
  try {
    // Before the line is out: a host may interrupt, or be gone, as soon as it has read it.
    const unwanted = untilUnwanted(serving, logger, options.exitWithHost ?? !environment.outlivesHost);
    await capture.realStdout(handshakeOf(serving, environment));
    await unwanted;
    await serving.shutdown();
  } finally {
    await serving.close();
  }
}

/** One line, the first and the last that this process writes to its real stdout while it serves. */
function handshakeOf(serving: Serving, environment: PluginEnvironment): string {
  const { version: appVersion, address, protocol, serverCertificate } = serving;
  return formatHandshake({
    appVersion,
    address,
    protocol,
    ...(serverCertificate === undefined ? {} : { serverCertificate }),
    multiplexing: environment.multiplexRequested,
  });
}

/** Resolves when the plugin has been asked to end, has lost its host, or cannot serve any more. */
async function untilUnwanted(serving: Serving, logger: Logger, exitWithHost: boolean): Promise<void> {
  let interrupts = 0;
  // go-plugin: Ctrl-C reaches host and plugin alike; the host decides (server.go Serve).
  const onInterrupt = () => logger.trace('interrupt ignored', { count: ++interrupts });
  const cleanups: (() => void)[] = [() => void process.off('SIGINT', onInterrupt)];
  const told = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    cleanups.push(() => void process.off('SIGTERM', resolve));
    if (exitWithHost) cleanups.push(watchHost(resolve));
  });
  process.on('SIGINT', onInterrupt);
  try {
    await Promise.race([serving.ended, told]);
  } finally {
    for (const cleanup of cleanups) cleanup();
  }
}

/**
 * A host that is gone removes nothing any more, however this process ends. Whether it is cannot always be seen yet: the connections of
 * a killed process break before its children have another parent. A host that lives removes the directory too, and finds it gone.
 */
function removeWhatTheHostLeaves({ unixSocketDir }: PluginEnvironment): void {
  process.once('exit', () => removeAbandonedSocketDir(unixSocketDir));
}

/** What the program still has to do it may do; what merely keeps it alive must not outlast the host's patience. */
function endProcessWithin(graceMs: number): void {
  setTimeout(() => process.exit(), graceMs).unref();
}
