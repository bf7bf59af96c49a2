import type { ChannelOptions } from '@grpc/grpc-js';
import { MAX_TIMER_MS } from '../../../../wire/duration.js';
import type { GrpcChannel } from '../../client/channel.js';
import {
  type GrpcChannelOptions,
  type ResolvedChannelOptions,
  resolveChannelOptions,
} from '../../client/channel-options.js';
import { ReconnectingChannel } from '../../client/reconnecting-channel.js';
import { registerTarget } from './dial.js';
import { keepAliveOptions } from './keep-alive.js';
import { GrpcJsSession } from './session.js';

/** A channel of the engine `grpc-js`: each of its connections is a Channel of grpc-js. (`createGrpcJsChannel` is the reverse.) */
export function createChannel(given: GrpcChannelOptions): GrpcChannel {
  registerTarget();
  const options = resolveChannelOptions(given);
  const channelOptions = toChannelOptions(options);
  return new ReconnectingChannel(
    options,
    (dialed, events) => new GrpcJsSession(dialed, options.secure, events, channelOptions),
  );
}

function toChannelOptions(options: ResolvedChannelOptions): ChannelOptions {
  const { userAgent, http2 = {} } = options;
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

/** -1 is no limit. */
function limit(bytes: number): number {
  return bytes === Number.POSITIVE_INFINITY ? -1 : bytes;
}
