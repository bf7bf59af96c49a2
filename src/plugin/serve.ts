import { TREE_VARIABLE } from '../processes/mark.js';
import { killOwnTree } from '../processes/own-tree.js';
import { removeAbandonedSocketDir, sweepSocketDirs } from '../transports/sockets/sweep.js';
import { type PluginEnvironment, parsePluginEnvironment } from '../wire/handshake/environment.js';
import type { HandshakeConfig } from '../wire/handshake/handshake-config.js';
import { formatHandshake } from '../wire/handshake/handshake-line.js';
import { asText, type Logger } from '../wire/logs/logger.js';
import type { AssembledPlugin } from './assembled-plugin.js';
import { reportCrashes } from './crash-report.js';
import { type HostOffer, hostOffer } from './host-offer.js';
import { type HostWatch, watchHost } from './host-watch.js';
import { pluginLogger } from './logger.js';
import { exitWithMessage, magicCookieError } from './magic-cookie.js';
import { resolveServeOptions } from './options.js';
import { type Serving, type ServingContext, startServing } from './serving.js';
import { StdioCapture } from './stdio-capture.js';

/** What a plugin is prepared with: `serve` has begun, and captures what the program prints. */
export interface PluginStart {
  /** Writes to the host's log. A logger among the options takes its place later. */
  readonly logger: Logger;
  readonly host: HostOffer;
}

/** What is to be served. */
export interface PluginSource {
  /** Known before the plugin is prepared, so that a program without a host ends at once. */
  readonly handshake?: HandshakeConfig | undefined;
  /** Prepares the plugin. Its owner disposes it. */
  readonly prepare: (start: PluginStart) => Promise<AssembledPlugin>;
}

/**
 * Serves plugins to the host that started this process. Resolves when serving has ended: at the host's request, with the host's exit,
 * on SIGTERM, or because the listener failed. Ends the process with status 1 if no host started it. Rejects when the plugin cannot be
 * served; no handshake line was printed then (go-plugin server.go Serve).
 */
export async function serve({ handshake, prepare }: PluginSource): Promise<void> {
  const refusal = handshake === undefined ? undefined : magicCookieError(handshake);
  if (refusal !== undefined) return await exitWithMessage(refusal);
  const environment = parsePluginEnvironment(process.env);
  removeSocketDirAtExit(environment);
  nameProcess(environment);
  const preparing = watchWhilePreparing(environment, handshake);
  let logger = pluginLogger();
  let exitGraceMs: number | undefined;
  const capture = new StdioCapture({
    onDropped: (stream, bytes) =>
      logger.warn('output was dropped: the host does not read it fast enough', { stream, bytes }),
  });
  // Before anything else runs: what a library prints while the plugin starts must not precede the handshake line.
  capture.start();
  const endOutput = (): void => capture.stop();
  const endCrashReports = reportCrashes();
  try {
    const plugin = await prepare({ logger, host: hostOffer(environment) });
    const late = magicCookieError(plugin.options.handshake);
    if (late !== undefined) return await exitWithMessage(late);
    const options = resolveServeOptions(plugin.options);
    ({ exitGraceMs } = options);
    if (options.exitWithHost === false) preparing.end();
    logger = options.logger ?? logger;
    const { parts, ...equipment } = await plugin.equip(logger);
    logger = equipment.logger;
    const context = { options, parts, logger, environment, output: capture, endOutput };
    await serveUntilStopped(context, capture, preparing);
  } catch (error) {
    capture.release();
    logger.error(`the plugin cannot be served: ${asText(error)}`);
    throw error;
  } finally {
    preparing.stop();
    capture.stop();
    endCrashReports();
    if (exitGraceMs !== undefined) endProcessWithin(exitGraceMs);
  }
}

async function serveUntilStopped(context: ServingContext, capture: StdioCapture, preparing: Preparing): Promise<void> {
  const { environment } = context;
  const serving = await startServing(context);
  const ended = new AbortController();
  let endSweep: (() => Promise<void>) | undefined;
  try {
    // Before the handshake line is printed: the host may send a signal, or exit, as soon as it has read the line.
    const stopped = untilStopped(serving, context);
    preparing.end();
    await capture.realStdout(handshakeOf(serving, environment));
    // Under a host that gives no directory the plugin makes one for its sockets, which stays when it is killed.
    if (environment.unixSocketDir === undefined) endSweep = sweepLater(ended.signal);
    await stopped;
    await serving.shutdown();
  } finally {
    ended.abort();
    await Promise.all([serving.close(), endSweep?.()]);
  }
}

/** A plugin that ends before, as those that Terraform starts for a plan, leaves it to others: its host waits for what it does. */
const SWEEP_AFTER_MS = 1_000;

/** Returns a function that resolves when there is no sweep, or none any more. */
function sweepLater(signal: AbortSignal): () => Promise<void> {
  let sweeping = Promise.resolve();
  const timer = setTimeout(() => {
    sweeping = sweepSocketDirs(signal);
  }, SWEEP_AFTER_MS).unref();
  return () => {
    clearTimeout(timer);
    return sweeping;
  };
}

/** The only line that a plugin writes to its real stdout while it serves. */
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

/** Resolves when the plugin is to stop: at the host's request, on SIGTERM, when the host has exited or the listener has failed. */
async function untilStopped(serving: Serving, { options, environment, logger }: ServingContext): Promise<void> {
  let interrupts = 0;
  // go-plugin: Ctrl-C reaches the host as well, and the host decides when the plugin stops (server.go Serve).
  const onInterrupt = () => logger.trace('interrupt ignored', { count: ++interrupts });
  const cleanups: (() => void)[] = [() => void process.off('SIGINT', onInterrupt)];
  const signalled = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    cleanups.push(() => void process.off('SIGTERM', resolve));
    if (options.exitWithHost ?? !environment.outlivesHost) {
      const watched = { host: environment.hostProcess, handshake: options.handshake, ...serving.connected };
      const watch = watchHost(watched, () => {
        logger.debug('the host has exited');
        resolve();
      });
      killTreeAtExit(watch);
      cleanups.push(watch.stop);
    }
  });
  process.on('SIGINT', onInterrupt);
  try {
    await Promise.race([serving.ended, signalled]);
  } finally {
    for (const cleanup of cleanups) cleanup();
  }
}

/** The list of processes shows what the host calls this plugin, unless the program has a title of its own. */
function nameProcess({ pluginName }: PluginEnvironment): void {
  const isUntitled = process.title === 'node' || process.title.startsWith(process.argv0);
  if (pluginName !== undefined && isUntitled) process.title = pluginName;
}

/**
 * Removes the directory of the sockets at exit, for a host that was killed and cannot. Done unconditionally, because a killed host is
 * not always detected by then: its connections break before its children get another parent. A running host removes the directory,
 * too, and ignores that it is missing.
 */
function removeSocketDirAtExit({ unixSocketDir }: PluginEnvironment): void {
  process.once('exit', () => removeAbandonedSocketDir(unixSocketDir));
}

interface Preparing {
  /** Ends the polls; a process that exits without having served still looks for its host. */
  readonly stop: () => void;
  /** Ends all of it. */
  readonly end: () => void;
}

/**
 * Ends the process when its host was killed before the plugin serves: nobody would ever call it, and nobody else ends what it has started
 * by then. As long as the cookie is not known, only the parent process is watched.
 */
function watchWhilePreparing(environment: PluginEnvironment, handshake: HandshakeConfig | undefined): Preparing {
  if (environment.outlivesHost) return { stop: () => {}, end: () => {} };
  const host = handshake === undefined ? undefined : environment.hostProcess;
  const unknown = { magicCookieKey: '', magicCookieValue: '' };
  const connections = { connections: () => 0, onConnectionClosed: () => () => {} };
  const watch = watchHost({ host, handshake: handshake ?? unknown, ...connections }, () => process.exit(1));
  const forget = killTreeAtExit(watch);
  const end = (): void => {
    watch.stop();
    forget();
  };
  return { stop: watch.stop, end };
}

/**
 * Ends what this plugin has started, and its wrappers, in the place of a host that was killed. Looks once more at exit: a plugin with a single
 * connection ends when that is lost, before the watch has found the host gone.
 */
function killTreeAtExit({ look }: HostWatch): () => void {
  const onExit = (): void => {
    const exit = look();
    if (exit !== undefined) killOwnTree({ mark: exit.isConfirmed ? process.env[TREE_VARIABLE] : undefined });
  };
  process.once('exit', onExit);
  return () => void process.off('exit', onExit);
}

/** Lets the program exit by itself, but ends it before the host would kill it. */
function endProcessWithin(graceMs: number): void {
  setTimeout(() => process.exit(), graceMs).unref();
}
