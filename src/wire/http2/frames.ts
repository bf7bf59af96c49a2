import { ProtocolError } from '../../errors.js';

/** Bytes before the payload of every frame: length (3), type (1), flags (1), stream id (4) (RFC 9113 §4.1). */
export const FRAME_HEADER_BYTES = 9;

/** What a client sends before its first frame (RFC 9113 §3.4). */
export const CLIENT_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** The largest flow-control window (RFC 9113 §6.9.1). */
export const MAX_WINDOW_BYTES = 0x7fffffff;

/** Both windows before any SETTINGS or WINDOW_UPDATE (RFC 9113 §6.9.2). */
export const DEFAULT_WINDOW_BYTES = 65_535;

/** The largest frame that every end accepts (RFC 9113 §4.2). */
export const DEFAULT_MAX_FRAME_BYTES = 16_384;

/** The largest value of SETTINGS_MAX_FRAME_SIZE (RFC 9113 §6.5.2). */
export const LARGEST_MAX_FRAME_BYTES = 0xffffff;

/** The largest stream identifier. */
export const MAX_STREAM_ID = 0x7fffffff;

/** Frame types (RFC 9113 §6). */
export const FrameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  resetStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goAway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

const FRAME_NAMES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
] as const;

/** The RFC's name of a frame type. */
export function formatFrameType(type: number): string {
  return FRAME_NAMES[type] ?? `type ${type}`;
}

/** Frame flags (RFC 9113 §6). `ack` belongs to SETTINGS and PING, `endStream` to DATA and HEADERS. */
export const FrameFlag = {
  ack: 0x1,
  endStream: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

/** Parameters of SETTINGS (RFC 9113 §6.5.2). */
export const Setting = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
} as const;

/** Error codes of RST_STREAM and GOAWAY (RFC 9113 §7). */
export const Http2ErrorCode = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const;

const ERROR_NAMES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
] as const;

/** The RFC's name of an HTTP/2 error code. */
export function formatErrorCode(code: number): string {
  return ERROR_NAMES[code] ?? `unknown error code ${code}`;
}

/** An error of the whole connection (RFC 9113 §5.4.1); `wireCode` is the code of its GOAWAY. */
export function http2Error(wireCode: number, message: string): ProtocolError {
  const exceeded = wireCode === Http2ErrorCode.enhanceYourCalm;
  const text = `HTTP/2 ${formatErrorCode(wireCode)}: ${message}`;
  return new ProtocolError(exceeded ? 'ERR_LIMIT_EXCEEDED' : 'ERR_HTTP2_PROTOCOL', text, { wireCode });
}

/** A big-endian unsigned integer of 32 bits. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** A big-endian integer of 31 bits; the reserved bit above it is ignored. */
export function readUint31(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
