import { OptionsError } from '../errors.js';
import type { BrokerNetwork } from '../protocols/protocol.js';
import { socketTransport } from '../transports/sockets/socket-transport.js';
import { selfSignedAuthority } from '../transports/tls/certificate.js';
import { mutualTls, type TlsConfig } from '../transports/tls/tls.js';
import type { Transport } from '../transports/transport.js';
import { SAME_ADDRESSES } from '../wire/handshake/address.js';
import { checkOptions } from '../wire/option-names.js';
import { memoryTransport } from './memory-transport.js';

/** TLS settings of your own for the two ends. */
export interface PairTls {
  readonly client?: TlsConfig;
  readonly server?: TlsConfig;
}

/** How the two ends of a pair are connected. */
export interface PairOptions {
  /** In memory, or by a real socket: a unix socket in a private directory, or a TCP port on 127.0.0.1. @default 'memory' */
  readonly transport?: 'memory' | 'unix' | 'tcp';
  /** `true`: as with `autoMtls`, each end makes a certificate and trusts only the other's. @default false */
  readonly tls?: boolean | PairTls;
}

/** Throws OptionsError for what a pair cannot be made of. */
export function checkPairOptions(of: string, options: PairOptions, further: readonly string[] = []): void {
  checkOptions(of, options, ['transport', 'tls', ...further]);
  const { transport = 'memory' } = options;
  if (!['memory', 'unix', 'tcp'].includes(transport))
    throw new OptionsError(
      `Expected \`transport\` of ${of} to be 'memory', 'unix' or 'tcp', got ${String(transport)}.`,
    );
}

/** The transport between the two ends. */
export function pairTransport({ transport = 'memory' }: PairOptions): Transport {
  return transport === 'memory' ? memoryTransport() : socketTransport({ network: transport });
}

/** The network of both ends' brokers. */
export function brokerNetworkOver(transport: Transport): BrokerNetwork {
  return {
    ...SAME_ADDRESSES,
    dialerTo: (address) => ({ dial: (dialOptions) => transport.dial(address, dialOptions) }),
    listen: () => transport.listen(),
  };
}

/** The TLS settings of both ends; empty without TLS. */
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
