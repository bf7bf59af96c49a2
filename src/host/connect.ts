import { HandshakeError } from '../errors.js';
import type { PluginSet, ProtocolName } from '../protocols/contract.js';
import type { ClientProtocol } from '../protocols/protocol.js';
import type { TlsConfig } from '../transports/tls/tls.js';
import type { Address, AddressTranslator } from '../wire/handshake/address.js';
import { explainConnect } from './connect-failure.js';
import type { LaunchContext } from './launch.js';
import { explainTls } from './tls-failure.js';

/** Where a plugin is, and how it is to be spoken to. */
export interface Destination {
  readonly protocol: ProtocolName;
  /** The set of the version that was agreed on. */
  readonly plugins: PluginSet;
  readonly address: Address;
  readonly tls: TlsConfig | undefined;
  readonly multiplex: boolean;
}

/** Begins the conversation with a plugin that listens. Rejects with a PluginError. */
export async function connect(
  translator: AddressTranslator,
  { protocol, plugins, address, tls, multiplex }: Destination,
  { options, parts, sockets, signal, logger, syncStdout, syncStderr }: LaunchContext,
): Promise<ClientProtocol> {
  const factory = parts.protocols[protocol];
  if (factory === undefined)
    throw new HandshakeError(
      'ERR_PROTOCOL_NOT_ALLOWED',
      `The plugin speaks ${protocol}, for which this host has no implementation. Bind one, or leave it out of \`allowedProtocols\`.`,
    );
  const network = parts.createNetwork(translator, sockets);
  const dialer = network.dialerTo(address);
  try {
    return await factory({ dialer, network, tls, multiplex, plugins, syncStdout, syncStderr, logger, signal });
  } catch (error) {
    const explained = await explainTls(error, dialer, { secure: tls !== undefined });
    throw explainConnect(explained, { protocol, address, startTimeoutMs: options.startTimeoutMs });
  }
}
