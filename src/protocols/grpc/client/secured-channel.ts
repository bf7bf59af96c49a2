import { secureDialer, type TlsConfig } from '../../../transports/tls/tls.js';
import type { Dialer } from '../../../transports/transport.js';
import type { GrpcChannelOptions } from './channel-options.js';

/** Options of a channel over a raw dialer: plain, or under TLS with this end as TLS client. */
export function securedChannelOptions(dialer: Dialer, tls: TlsConfig | undefined): GrpcChannelOptions {
  if (tls === undefined) return { dialer };
  // grpc-go refuses a TLS connection that did not agree on HTTP/2.
  return {
    dialer: secureDialer(dialer, tls, { alpn: ['h2'] }),
    secure: true,
    authority: tls.serverName ?? 'localhost',
  };
}
