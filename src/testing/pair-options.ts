import type { BrokerNetwork } from '../protocols/protocol.js';
import { socketTransport } from '../transports/sockets/sockets.js';
import { selfSignedAuthority } from '../transports/tls/certificate.js';
import { mutualTls, type TlsConfig } from '../transports/tls/tls.js';
import type { Transport } from '../transports/transport.js';
import { SAME_ADDRESSES } from '../wire/handshake/address.js';
import { memoryTransport } from './memory-transport.js';

/** TLS of your own, for either end. */
export interface PairTls {
  readonly client?: TlsConfig;
  readonly server?: TlsConfig;
}

/** How the two ends of a pair are joined. */
export interface PairOptions {
  /** This process's memory, or real sockets: a unix socket in a private directory, a port on 127.0.0.1. @default 'memory' */
  readonly transport?: 'memory' | 'unix' | 'tcp';
  /** `true`: as with `autoMtls`, a one-time certificate for either end, and trust in no other. @default false */
  readonly tls?: boolean | PairTls;
}

/** A transport that both ends of one pair use. */
export function pairTransport({ transport = 'memory' }: PairOptions): Transport {
  return transport === 'memory' ? memoryTransport() : socketTransport({ network: transport });
}

/** How brokers reach each other over a transport. */
export function brokerNetworkOver(transport: Transport): BrokerNetwork {
  return {
    ...SAME_ADDRESSES,
    dialerTo: (address) => ({ dial: (dialOptions) => transport.dial(address, dialOptions) }),
    listen: () => transport.listen(),
  };
}

/** What either end has to know for TLS; nothing for plain text. */
export async function pairTls({ tls = false }: PairOptions): Promise<PairTls> {
  if (tls === false) return {};
  if (tls !== true) return tls;
  const authority = selfSignedAuthority();
  const [client, server] = await Promise.all([authority.issue(), authority.issue()]);
  return {
    client: mutualTls(client, server.certificatePem),
    server: mutualTls(server, client.certificatePem),
  };
}
