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
export { createYamuxDecoder, type YamuxDecoder, type YamuxFrameSink } from './yamux/decoder.js';
export {
  decodeYamuxHeader,
  encodeYamuxHeader,
  writeYamuxHeader,
  YAMUX_HEADER_BYTES,
  YAMUX_INITIAL_WINDOW_BYTES,
  YAMUX_VERSION,
  YamuxFlag,
  YamuxFrameType,
  YamuxGoAway,
  type YamuxHeader,
} from './yamux/header.js';
