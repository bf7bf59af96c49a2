import type { Writable } from 'node:stream';
import type { Logger } from '../../../wire/logs/logger.js';
import { StdioData_Channel as Channel, type GRPCStdioDefinition } from '../gen/internal/plugin/grpc_stdio.js';
import { toGrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import type { ClientOf } from '../shared/service-definition.js';

/** Where a plugin's output goes, and what ends the call. */
export interface ReceiveStdioOptions {
  /** Receive the plugin's bytes; never ended or destroyed here. When one is full, both streams wait, and in the end the plugin. */
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly logger: Logger;
  /** Called with true when output has come, and with false when it was passed on. */
  readonly onBusy?: (isBusy: boolean) => void;
  /** Ends the call when aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Why no more output comes: the plugin has no stdio service, either end has ended the call, the connection was lost, or the call has
 * failed in another way.
 */
export type StdioEnd = 'unsupported' | 'ended' | 'disconnected' | 'failed';

/**
 * Receives what the plugin's program writes to its standard streams, until the connection ends. Never rejects and never retries: a plugin
 * may lack the service (go-plugin grpc_stdio.go newGRPCStdioClient).
 */
export async function receiveStdio(
  client: ClientOf<typeof GRPCStdioDefinition>,
  options: ReceiveStdioOptions,
): Promise<StdioEnd> {
  const { logger, signal, onBusy } = options;
  const sinks = new Map([
    [Channel.STDOUT, sinkOf(options.stdout, 'stdout', options)],
    [Channel.STDERR, sinkOf(options.stderr, 'stderr', options)],
  ]);
  try {
    for await (const { channel, data } of client.streamStdio.readable({}, signal === undefined ? {} : { signal })) {
      onBusy?.(true);
      const sink = sinks.get(channel);
      if (sink === undefined) logger.warn('the plugin sent output on an unknown channel; it is dropped', { channel });
      else await sink.write(data);
      onBusy?.(false);
    }
    return 'ended';
  } catch (thrown) {
    return endOf(thrown, logger);
  } finally {
    for (const sink of sinks.values()) sink.release();
  }
}

interface Sink {
  /** A promise to wait for when the Writable is full. */
  readonly write: (data: Uint8Array) => Promise<void> | undefined;
  readonly release: () => void;
}

/** Writes and waits for room. After an error of the Writable further output for it is dropped. */
function sinkOf(writable: Writable, name: string, { logger, signal }: ReceiveStdioOptions): Sink {
  let failed = false;
  const giveUp = (error: Error): void => {
    if (!failed) logger.warn('output of the plugin cannot be written any more', { stream: name, error: error.message });
    failed = true;
  };
  writable.on('error', giveUp);
  return {
    write: (data) => {
      if (failed || !writable.writable) return undefined;
      return writable.write(data) ? undefined : room(writable, signal);
    },
    release: () => writable.off('error', giveUp),
  };
}

/** Resolves when the Writable has room, or never will. */
function room(writable: Writable, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      writable.off('drain', done).off('close', done).off('error', done);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    writable.on('drain', done).on('close', done).on('error', done);
    signal?.addEventListener('abort', done);
    if (signal?.aborted === true || writable.destroyed) done();
  });
}

function endOf(thrown: unknown, logger: Logger): StdioEnd {
  const error = toGrpcError(thrown);
  if (error.status === Status.UNIMPLEMENTED) {
    logger.warn('the plugin does not send its stdout and stderr over gRPC');
    return 'unsupported';
  }
  if (error.status === Status.UNAVAILABLE) return 'disconnected';
  if (error.status === Status.CANCELLED) return 'ended';
  logger.error('receiving stdout and stderr of the plugin failed', { error: error.message });
  return 'failed';
}
