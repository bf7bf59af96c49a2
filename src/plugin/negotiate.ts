import type { PluginImplementations, ProtocolName } from '../protocols/contract.js';
import type { PluginEnvironment } from '../wire/handshake/environment.js';
import { type ChosenVersion, chooseVersion, pluginVersionTable } from '../wire/handshake/versions.js';
import type { ServeOptions } from './options.js';

/** Picks the version and the protocol to announce (go-plugin server.go protocolVersion). */
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

/** gRPC when every member can be spoken over it, else net/rpc, as go-plugin prefers; undefined for an empty set. */
function protocolOf(set: PluginImplementations): ProtocolName | undefined {
  const members = Object.values(set).map(({ contract }) => contract.protocols);
  if (members.length === 0) return undefined;
  return members.every((protocols) => protocols.includes('grpc')) ? 'grpc' : 'netrpc';
}
