export { decodeBase64, encodeBase64 } from './base64.js';
export { BROKER_ID_BYTES, decodeBrokerId, encodeBrokerId } from './broker-id.js';
export { ChunkQueue } from './chunk-queue.js';
export * from './gob/index.js';
export type { Address, AddressTranslator } from './handshake/address.js';
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
} from './handshake/environment.js';

export {
  CORE_PROTOCOL_VERSION,
  formatHandshake,
  type HandshakeAnnouncement,
  type HandshakeFields,
  type ProtocolName,
  splitHandshake,
} from './handshake/handshake-line.js';
export {
  type AcceptHandshakeOptions,
  type AnnouncedAddress,
  acceptHandshake,
  type Handshake,
  type HandshakeOptions,
  parseHandshake,
} from './handshake/parse-handshake.js';
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
} from './handshake/versions.js';
export { LineTail, type LineTailOptions } from './line-tail.js';
export { DEFAULT_MAX_LINE_BYTES, type Line, LineDecoder, type LineOptions } from './lines.js';
export { formatLogLine, type LogLineOptions } from './logs/format-line.js';
export type { LogEntry } from './logs/log-entry.js';
export { displayLogTimestamp, formatLogTimestamp, isLogTimestamp } from './logs/log-timestamp.js';
export { createLogParser, type LogParser, type LogParserOptions } from './logs/parse-line.js';
export {
  createNetRpcClientCodec,
  createNetRpcServerCodec,
  NET_RPC_TEXTS,
  type NetRpcClientCodec,
  type NetRpcCodecOptions,
  type NetRpcReceiver,
  type NetRpcRequestHeader,
  type NetRpcResponseHeader,
  type NetRpcSender,
  type NetRpcServerCodec,
  splitServiceMethod,
} from './net-rpc.js';
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
