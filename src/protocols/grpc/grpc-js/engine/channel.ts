import type { ChannelOptions } from '@grpc/grpc-js';
import { MAX_TIMER_MS } from '../../../../wire/duration.js';
import type { ChannelEngine } from '../../client/channel-engine.js';
import {
  type GrpcChannelOptions,
  type ResolvedChannelOptions,
  resolveChannelOptions,
} from '../../client/channel-options.js';
import type { GrpcChannel } from '../../client/grpc-channel.js';
import { ReconnectingChannel } from '../../client/reconnecting-channel.js';
import { StockCall } from './call.js';
import { StockConnection } from './connection.js';
import { registerStockTarget } from './dial.js';
import { keepAliveOptions } from './keep-alive.js';

/**
 * A channel whose connections are Channels of grpc-js, one for each, as they are. `createGrpcJsChannel` is the other way round: a channel
 * of ours in the form of grpc-js's.
 */
export function createStockChannel(given: GrpcChannelOptions): GrpcChannel {
  registerStockTarget();
  const options = resolveChannelOptions(given);
  const channelOptions = toChannelOptions(options);
  const engine: ChannelEngine<StockConnection> = {
    begin: (dialed, events) => new StockConnection(dialed, options.secure, events, channelOptions),
    createCall: (host, path, callOptions, events) => new StockCall(host, path, callOptions, events),
  };
  return new ReconnectingChannel(options, engine);
}

function toChannelOptions(options: ResolvedChannelOptions): ChannelOptions {
  const { userAgent, http2 } = options;
  return {
    'grpc.default_authority': options.authority,
    ...(userAgent === undefined ? {} : { 'grpc.primary_user_agent': userAgent }),
    ...(http2.streamWindowBytes === undefined ? {} : { 'grpc-node.flow_control_window': http2.streamWindowBytes }),
    ...keepAliveOptions(http2),
    'grpc.keepalive_permit_without_calls': http2.keepAliveWithoutStreams === true ? 1 : 0,
    'grpc.max_receive_message_length': limit(options.maxReceiveMessageBytes),
    'grpc.max_send_message_length': limit(options.maxSendMessageBytes),
    'grpc.client_idle_timeout_ms': MAX_TIMER_MS,
    'grpc.enable_channelz': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
    // Without a buffer for retries a message counts as written when node:http2 has taken it: that is the backpressure.
    'grpc.enable_retries': 0,
    'grpc.retry_buffer_size': 0,
    'grpc.per_rpc_retry_buffer_size': 0,
  };
}

/** -1 is grpc-js's word for none. */
function limit(bytes: number): number {
  return bytes === Number.POSITIVE_INFINITY ? -1 : bytes;
}
