import type { Readable } from 'node:stream';
import { OptionsError } from '../errors.js';
import type { ProtocolName } from '../protocols/contract.js';
import type { ServerProtocol } from '../protocols/protocol.js';
import { settledWithin } from '../streams/settled-within.js';
import type { Listener } from '../transports/transport.js';
import type { Address } from '../wire/handshake/address.js';
import type { PluginEnvironment } from '../wire/handshake/environment.js';
import type { Logger } from '../wire/logs/logger.js';
import { negotiate } from './negotiate.js';
import type { ResolvedServeOptions } from './options.js';
import type { PluginParts } from './parts.js';
import { runHooks } from './shutdown.js';
import { tlsSideOf } from './tls-side.js';

/** What serving needs of the process, or the test, that it happens in. */
export interface ServingContext {
  readonly options: ResolvedServeOptions;
  readonly parts: PluginParts;
  readonly logger: Logger;
  readonly environment: PluginEnvironment;
  /** What the program prints, for the host. */
  readonly output: { readonly stdout: Readable; readonly stderr: Readable };
  /** Ends `output`, after what it still holds. */
  readonly endOutput: () => void;
}

/** A plugin that listens. */
export interface Serving {
  readonly version: number;
  readonly protocol: ProtocolName;
  readonly address: Address;
  /** Field 6 of the handshake, in DER; AutoMTLS only. */
  readonly serverCertificate?: Uint8Array;
  /** Resolves when serving has ended by itself: a host asked for it, or nobody can connect any more. Never rejects. */
  readonly ended: Promise<void>;
  /** What must happen before the end: running calls and hooks get their time. Once, however often it is asked for. Never rejects. */
  shutdown(): Promise<void>;
  /** Closes the listener and cuts what is connected. Idempotent. */
  close(): Promise<void>;
}

/** Negotiates, listens and accepts. Rejects with nothing left behind when the plugin cannot be served. */
export async function beginServing(context: ServingContext): Promise<Serving> {
  const { options, parts, environment, logger } = context;
  if (environment.invalidVersions.length > 0)
    logger.warn('the host sent protocol versions that are no integers', { versions: environment.invalidVersions });
  const { version, protocol: name, plugins } = negotiate(options, environment);
  const { tls, serverCertificate } = await tlsSideOf(options, environment, parts.certificateAuthority, logger);
  const factory = parts.protocols[name];
  if (factory === undefined)
    throw new OptionsError(`This plugin cannot be served over ${name}: no such protocol is bound.`);
  const listener = await parts.listen(environment, options.network);
  const begun: { protocol?: ServerProtocol; ending?: Promise<void> } = {};
  const shutdown = (): Promise<void> => {
    begun.ending ??= prepareEnd(context, begun.protocol);
    return begun.ending;
  };
  const protocol = await orClose(listener, async () =>
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
    }),
  );
  begun.protocol = protocol;
  logger.debug('plugin address', { network: listener.address.network, address: listener.address.address });
  return {
    version,
    protocol: name,
    address: listener.address,
    ...(serverCertificate === undefined ? {} : { serverCertificate }),
    ended: protocol.ended,
    shutdown,
    close: () => closeAll(protocol, listener),
  };
}

/** First the calls that are running, then the application's hook, then the last of the output. Never rejects. */
async function prepareEnd(context: ServingContext, protocol: ServerProtocol | undefined): Promise<void> {
  const { options, logger, endOutput } = context;
  const { onShutdown, shutdownDeadlineMs, callGraceMs } = options;
  const began = performance.now();
  await settledWithin(Math.min(callGraceMs, shutdownDeadlineMs), protocol?.drain?.() ?? Promise.resolve());
  const deadlineMs = Math.max(0, shutdownDeadlineMs - (performance.now() - began));
  await runHooks([...(onShutdown === undefined ? [] : [onShutdown]), endOutput], { deadlineMs, logger });
}

async function orClose<T>(listener: Listener, begin: () => Promise<T>): Promise<T> {
  try {
    return await begin();
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
