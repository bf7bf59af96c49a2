export type { Address } from './address.js';
export { decodeBase64, encodeBase64 } from './base64.js';
export { ChunkQueue } from './chunk-queue.js';
export {
  DEFAULT_PORTS,
  ENV,
  type EnvironmentSources,
  type HostAnnouncement,
  hostEnvironment,
  type MagicCookie,
  type PluginEnvironment,
  type PortRange,
  parsePluginEnvironment,
} from './environment.js';
export { type AnnouncedAddress, type Handshake, type HandshakeOptions, parseHandshake } from './handshake.js';
export {
  CORE_PROTOCOL_VERSION,
  formatHandshake,
  type HandshakeAnnouncement,
  type HandshakeFields,
  type ProtocolName,
  splitHandshake,
} from './handshake-line.js';
export {
  type ChooseOptions,
  type ChosenVersion,
  chooseVersion,
  formatProtocolVersions,
  hostVersionTable,
  type ProtocolVersions,
  parseProtocolVersions,
  pluginVersionTable,
  type VersionedSets,
  type VersionTable,
} from './versions.js';
