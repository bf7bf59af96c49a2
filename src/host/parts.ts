import type { ProtocolName } from '../protocols/contract.js';
import type { BrokerNetwork, ClientProtocolFactory } from '../protocols/protocol.js';
import type { RunnerFactory } from '../runners/runner.js';
import type { UnixListenOptions } from '../transports/sockets/unix.js';
import type { CertificateAuthority } from '../transports/tls/certificate.js';
import type { AddressTranslator } from '../wire/handshake/address.js';
import type { LogEntry } from '../wire/logs/log-entry.js';
import type { ClientRegistry } from './client-registry.js';

/** Receives every log entry of every plugin, besides `logs$`. Must not throw. */
export interface LogSink {
  write(entry: LogEntry, plugin: { readonly name: string; readonly id: string }): void;
}

/** What a host is assembled from; the container binds these, and each can be rebound. */
export interface HostParts {
  /** Makes the runner of a client with a `command`; a client's own option `runner` takes its place. */
  readonly createRunner: RunnerFactory;
  /** How this host dials plugins and offers brokered listeners. */
  readonly createNetwork: (translator: AddressTranslator, sockets: UnixListenOptions) => BrokerNetwork;
  readonly protocols: Readonly<Partial<Record<ProtocolName, ClientProtocolFactory>>>;
  readonly certificateAuthority: CertificateAuthority;
  readonly logSink: LogSink;
  /** Where clients with `managed: true` are. */
  readonly clients: ClientRegistry;
}
