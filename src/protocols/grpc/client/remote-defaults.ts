import type { GrpcChannelSettings } from './channel-options.js';
import type { CallInterceptor, GrpcClientOptions } from './client.js';

/**
 * PING after so long a silence: what every gRPC server allows. Servers of grpc-go close the connection of a client that pings more often
 * (keepalive.EnforcementPolicy MinTime). A call over a dead link does not wait for it: see `leavesSilent`.
 */
const KEEP_ALIVE_MS = 300_000;

/** The deadline of a call with one request and one response. */
const CALL_TIMEOUT_MS = 60_000;

/** What a channel over a network does that may lose what is sent. */
export interface RemoteChannelSettings extends GrpcChannelSettings {
  readonly leavesSilent: true;
}

/** The settings of a channel over a network: keep-alive, and no new calls on a connection that has been silent throughout a call. */
export function remoteChannel(settings: GrpcChannelSettings): RemoteChannelSettings {
  return { ...settings, http2: { keepAliveMs: KEEP_ALIVE_MS, ...settings.http2 }, leavesSilent: true };
}

/** Options of clients over a network: a deadline for calls that have none. Streams have none, since they may be meant to last. */
export function remoteClient(options: GrpcClientOptions): GrpcClientOptions {
  return { ...options, interceptors: [...(options.interceptors ?? []), withDeadline] };
}

const withDeadline: CallInterceptor = (call, next) => {
  const { requestStream, responseStream } = call.method;
  if (call.options.timeoutMs !== undefined || requestStream || responseStream) return next(call);
  return next({ ...call, options: { ...call.options, timeoutMs: CALL_TIMEOUT_MS } });
};
