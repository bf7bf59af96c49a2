import { PluginCallError } from '../../errors.js';
import { resolveHttp2Options } from '../../transports/http2/options.js';
import { checkYamuxOptions, resolveYamuxOptions, type YamuxOptions } from '../../transports/yamux/options.js';
import { resolveDuration } from '../../wire/duration.js';
import { checkOptions, optionNames } from '../../wire/option-names.js';
import type { ClientProtocol, ClientProtocolFactory } from '../protocol.js';
import type { GrpcBroker } from './broker/grpc-broker.js';
import { type GrpcBrokerOptions, resolveBrokerOptions } from './broker/options.js';
import type { GrpcChannelSettings } from './client/channel-options.js';
import type { GrpcClientOptions } from './client/client.js';
import { type GrpcEngine, resolveGrpcEngine } from './shared/grpc-engine.js';
import { resolveStrictMessages } from './shared/strict-messages.js';

/** How a host speaks gRPC. */
export interface GrpcHostOptions extends GrpcChannelSettings, GrpcClientOptions {
  /** Options of the broker, and of what is offered and dialed through it. */
  readonly broker?: GrpcBrokerOptions;
  /** Multiplexed only: the yamux session that carries all connections. */
  readonly yamux?: YamuxOptions;
  /**
   * How long it may take to connect again after the connection was lost. Then the plugin is given up: it is killed, and its state is
   * `exited`, with the reason `disconnected`. @default 20 000 ms, for an `endpoint` 300 000 ms
   */
  readonly reconnectTimeoutMs?: number;
}

export const RECONNECT_TIMEOUT_MS = 20_000;

/** As long as another machine may take to start again. */
const REMOTE_RECONNECT_TIMEOUT_MS = 300_000;

const NAMES = optionNames<GrpcHostOptions>()(
  'http2 authority userAgent connectTimeoutMs backoff maxReceiveMessageBytes maxSendMessageBytes interceptors defaults strictMessages broker yamux reconnectTimeoutMs',
);

/** The host's end of gRPC: connects at once (go-plugin grpc_client.go newGRPCClient). Throws OptionsError. */
export function grpcClientProtocol(options: GrpcHostOptions = {}, grpcEngine?: GrpcEngine): ClientProtocolFactory {
  checkOptions('`grpc` of a host', options, NAMES);
  const {
    broker,
    interceptors = [],
    defaults,
    strictMessages,
    yamux = {},
    reconnectTimeoutMs: givenMs,
    ...channel
  } = options;
  // Only validates: the defaults depend on the connection.
  checkYamuxOptions(yamux);
  resolveYamuxOptions(yamux);
  const localMs = resolveDuration('reconnectTimeoutMs', givenMs, RECONNECT_TIMEOUT_MS);
  resolveHttp2Options(channel.http2);
  const strict = resolveStrictMessages(strictMessages);
  const client = { interceptors, ...(defaults === undefined ? {} : { defaults }), strictMessages: strict };
  const brokerOptions = resolveBrokerOptions(broker ?? {}, { channel, client });
  const engine = resolveGrpcEngine(grpcEngine);
  return async (connection) => {
    // Most of gRPC is loaded when a host connects: a plugin needs none of it.
    const { connectGrpc } = await import('./grpc-conversation.js');
    const isPatient = connection.isRemote === true && givenMs === undefined;
    const reconnectTimeoutMs = isPatient ? REMOTE_RECONNECT_TIMEOUT_MS : localMs;
    return await connectGrpc(connection, { channel, client, brokerOptions, yamux, engine, reconnectTimeoutMs });
  };
}

/** The gRPC broker of a connected plugin. Throws PluginCallError ERR_BROKER when the plugin speaks net/rpc. */
export function grpcBrokerOf({ name, broker }: ClientProtocol): GrpcBroker {
  if (name === 'grpc' && broker !== undefined) return broker as GrpcBroker;
  throw new PluginCallError(
    'ERR_BROKER',
    `This plugin has no gRPC broker: ${name} is spoken with it. Over net/rpc the broker is \`client.muxBroker\`.`,
  );
}
