import { HandshakeError } from '../../errors.js';
import type { PluginSet, ProtocolName } from '../../protocols/contract.js';
import type { ClientProtocol } from '../../protocols/protocol.js';
import type { AttachedRunner } from '../../runners/runner.js';
import type { TlsConfig } from '../../transports/tls/tls.js';
import type { Address } from '../../wire/handshake/address.js';
import type { PluginSockets } from './plugin-sockets.js';
import type { StartContext } from './start-context.js';
import { exitedWhileConnecting, explainConnectError } from './start-errors.js';

/** Where a plugin listens, and how it is connected to. */
export interface Destination {
  readonly protocol: ProtocolName;
  /** The plugin set of the protocol version that both ends use. */
  readonly plugins: PluginSet;
  readonly address: Address;
  readonly tls: TlsConfig | undefined;
  readonly multiplex: boolean;
  /** Over a network, which may lose what is sent. */
  readonly isRemote?: boolean;
}

/** Connects to a plugin that listens. Rejects with a PluginError; with ERR_EXITED_EARLY as soon as the plugin exits. */
export async function connect(
  runner: AttachedRunner,
  sockets: PluginSockets,
  destination: Destination,
  { options: { startTimeoutMs }, parts, streams, abort, acquired }: StartContext,
): Promise<ClientProtocol> {
  const { protocol: name, plugins, address, tls, multiplex, isRemote = false } = destination;
  const factory = parts.protocols[name];
  if (factory === undefined)
    throw new HandshakeError(
      'ERR_PROTOCOL_NOT_ALLOWED',
      `The plugin speaks ${name}, for which this host has no implementation. Bind one, or leave it out of \`allowedProtocols\`.`,
    );
  const network = parts.createNetwork(runner, sockets.where);
  const dialer = network.dialerTo(address);
  const { signal } = abort;
  const watching = runner.exit$.subscribe((exit) => abort.abort(exitedWhileConnecting(exit)));
  try {
    const protocol = await factory({
      dialer,
      network,
      tls,
      multiplex,
      isRemote,
      plugins,
      syncStdout: streams.syncStdout.writable,
      syncStderr: streams.syncStderr.writable,
      logger: streams.logger,
      plugin: streams.name,
      pluginVersion: streams.version,
      signal,
    });
    acquired.protocol = protocol;
    return protocol;
  } catch (error) {
    throw await explainConnectError(error, { protocol: name, address, tls, dialer, startTimeoutMs, signal, isRemote });
  } finally {
    watching.unsubscribe();
  }
}
