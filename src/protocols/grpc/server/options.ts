import type { ServerInterceptor } from '@grpc/grpc-js';
import { type ResolvedHttp2Options, resolveHttp2Options } from '../../../transports/http2/options.js';
import { type Logger, SILENT_LOGGER } from '../../../wire/logs/logger.js';
import { checkOptions, optionNames } from '../../../wire/option-names.js';
import { DEFAULT_MAX_MESSAGE_BYTES } from '../message/framing.js';
import type { GrpcServerOptions } from './grpc-server.js';
import type { MessageLimits } from './peer.js';

/** A server's options, complete. */
export interface ResolvedServerOptions extends MessageLimits {
  readonly maxBufferedBytes: number;
  readonly interceptors: readonly ServerInterceptor[];
  readonly http2: ResolvedHttp2Options;
  readonly logger: Logger;
  readonly strictMessages: boolean;
}

export const SERVER_OPTION_NAMES = optionNames<GrpcServerOptions>()(
  'http2 interceptors maxReceiveMessageBytes maxSendMessageBytes maxBufferedBytes logger strictMessages',
);

/** Fills in the defaults. Throws OptionsError. */
export function resolveServerOptions(options: GrpcServerOptions): ResolvedServerOptions {
  checkOptions('a gRPC server', options, SERVER_OPTION_NAMES);
  return {
    maxReceiveMessageBytes: options.maxReceiveMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
    maxSendMessageBytes: options.maxSendMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
    maxBufferedBytes: options.maxBufferedBytes ?? 64 * 1024 * 1024,
    interceptors: options.interceptors ?? [],
    http2: resolveHttp2Options(options.http2),
    logger: options.logger ?? SILENT_LOGGER,
    strictMessages: options.strictMessages ?? false,
  };
}
