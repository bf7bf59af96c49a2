/** Bytes of a frame header; every frame starts with one (yamux const.go headerSize). */
export const YAMUX_HEADER_BYTES = 12;

/** The only version there is (yamux const.go protoVersion). */
export const YAMUX_VERSION = 0;

/** Credit in bytes that each direction of a new stream starts with (yamux const.go initialStreamWindow). */
export const YAMUX_INITIAL_WINDOW_BYTES = 262_144;

/** What a frame is, and thereby what its length field means (yamux const.go). */
export const YamuxFrameType = {
  /** Length bytes of payload follow. */
  data: 0,
  /** Length is credit for the receiver of the frame. */
  windowUpdate: 1,
  /** Length is an opaque value, echoed in the answer. */
  ping: 2,
  /** Length is a `YamuxGoAway`. */
  goAway: 3,
} as const;

/** Bit mask (yamux const.go). A ping has `syn`, its answer `ack`. Unknown bits are ignored, as in Go. */
export const YamuxFlag = {
  /** Opens the stream. */
  syn: 1,
  /** Accepts the stream. */
  ack: 2,
  /** Half-closes: the sender will send no more data. */
  fin: 4,
  /** Aborts both directions. */
  rst: 8,
} as const;

/** Why a peer takes no new streams, or ends the session (yamux const.go). */
export const YamuxGoAway = {
  normal: 0,
  protocolError: 1,
  internalError: 2,
} as const;

/** A frame header as values, which may be invalid: the decoder validates. */
export interface YamuxHeader {
  readonly version: number;
  readonly type: number;
  readonly flags: number;
  /** 0 means the session itself. */
  readonly streamId: number;
  /** Unsigned 32 bit; its meaning depends on the type. */
  readonly length: number;
}

/** Writes a header of version 0 into `target` at `offset`, where 12 bytes are free. Returns the offset behind it. */
export function writeYamuxHeader(
  target: Uint8Array,
  offset: number,
  type: number,
  flags: number,
  streamId: number,
  length: number,
): number {
  target[offset] = YAMUX_VERSION;
  target[offset + 1] = type;
  target[offset + 2] = flags >>> 8;
  target[offset + 3] = flags;
  target[offset + 4] = streamId >>> 24;
  target[offset + 5] = streamId >>> 16;
  target[offset + 6] = streamId >>> 8;
  target[offset + 7] = streamId;
  target[offset + 8] = length >>> 24;
  target[offset + 9] = length >>> 16;
  target[offset + 10] = length >>> 8;
  target[offset + 11] = length;
  return offset + YAMUX_HEADER_BYTES;
}

/**
 * A header of version 0 as 12 bytes of its own.
 *
 * @example
 * encodeYamuxHeader({ type: YamuxFrameType.data, flags: YamuxFlag.syn, streamId: 1, length: 0 });
 */
export function encodeYamuxHeader(header: Omit<YamuxHeader, 'version'>): Uint8Array {
  const bytes = new Uint8Array(YAMUX_HEADER_BYTES);
  writeYamuxHeader(bytes, 0, header.type, header.flags, header.streamId, header.length);
  return bytes;
}

/** Reads the 12 bytes of a header at `offset`, without validating them. */
export function decodeYamuxHeader(bytes: Uint8Array, offset = 0): YamuxHeader {
  return {
    version: bytes[offset]!,
    type: bytes[offset + 1]!,
    flags: (bytes[offset + 2]! << 8) | bytes[offset + 3]!,
    streamId: readUint32(bytes, offset + 4),
    length: readUint32(bytes, offset + 8),
  };
}

/** Big endian, unsigned. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>> 0;
}
