import type { Http2Options } from '../../../../transports/http2/interfaces.js';
import { DEFAULT_HTTP2_OPTIONS } from '../../../../transports/http2/options.js';

/** The keep-alive of `http2` options as options of grpc-js, for a channel or a server. */
export function keepAliveOptions({ keepAliveMs = 0, keepAliveTimeoutMs }: Http2Options): Record<string, number> {
  if (keepAliveMs === 0) return {};
  const timeoutMs = keepAliveTimeoutMs ?? DEFAULT_HTTP2_OPTIONS.keepAliveTimeoutMs;
  return { 'grpc.keepalive_time_ms': keepAliveMs, 'grpc.keepalive_timeout_ms': timeoutMs };
}
