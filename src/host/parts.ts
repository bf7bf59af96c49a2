import type { ProtocolName } from '../protocols/contract.js';
import type { GrpcHostOptions } from '../protocols/grpc/client-protocol.js';
import type { BrokerNetwork, ClientProtocolFactory } from '../protocols/protocol.js';
import type { RunnerFactory } from '../runners/runner.js';
import type { UnixListenOptions } from '../transports/sockets/unix.js';
import type { CertificateAuthority } from '../transports/tls/certificate.js';
import type { AddressTranslator } from '../wire/handshake/address.js';
import type { ClientRegistry } from './client-registry.js';
import type { LogSink } from './output/log-sink.js';

/** The replaceable parts of a host. */
export interface HostParts {
  /** Makes the runner of a client that has a `command`. */
  readonly createRunner: RunnerFactory;
  /** Dials plugins, and listens for brokered connections. */
  readonly createNetwork: (translator: AddressTranslator, sockets: UnixListenOptions) => BrokerNetwork;
  /** What `protocols.grpc` was made with, where that is known: lasting clients are made with the same interceptors. */
  readonly grpcOptions?: GrpcHostOptions | undefined;
  readonly protocols: Readonly<Partial<Record<ProtocolName, ClientProtocolFactory>>>;
  readonly certificateAuthority: CertificateAuthority;
  readonly logSink: LogSink;
  /** The clients with `managed: true`. */
  readonly clients: ClientRegistry;
}

/** The parts, or what makes them when a client is started: a container may have to be loaded first. */
export type HostPartsSource = HostParts | (() => Promise<HostParts>);
