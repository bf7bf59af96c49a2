import type { PluginImplementations, ProtocolName } from '../protocols/contract.js';
import type { PluginEnvironment } from '../wire/handshake/environment.js';
import { type ChosenVersion, chooseVersion, pluginVersionTable } from '../wire/handshake/versions.js';
import type { ServeOptions } from './options.js';

/** Chooses the version and the protocol to announce in the handshake (go-plugin server.go protocolVersion). */
export function negotiate(options: ServeOptions, environment: PluginEnvironment): ChosenVersion<PluginImplementations> {
  const { handshake, plugins, versionedPlugins, protocol } = options;
  const baseVersion = handshake.protocolVersion ?? 0;
  const table = pluginVersionTable<PluginImplementations>({
    protocolVersion: baseVersion,
    ...(plugins === undefined ? {} : { plugins }),
    ...(versionedPlugins === undefined ? {} : { versionedPlugins }),
  });
  const chosen = chooseVersion(table, environment.hostVersions, { baseVersion, protocolOf });
  return protocol === undefined ? chosen : { ...chosen, protocol };
}

/** gRPC if every contract of the set has it, else net/rpc, as in go-plugin; undefined for an empty set. */
function protocolOf(set: PluginImplementations): ProtocolName | undefined {
  const members = Object.values(set).map(({ contract }) => contract.protocols);
  if (members.length === 0) return undefined;
  return members.every((protocols) => protocols.includes('grpc')) ? 'grpc' : 'netrpc';
}
