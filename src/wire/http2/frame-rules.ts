import type { FrameSink } from './frame-sink.js';
import {
  DEFAULT_MAX_FRAME_BYTES,
  FrameFlag,
  FrameType,
  Http2ErrorCode,
  http2Error,
  LARGEST_MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  Setting,
} from './frames.js';

const { protocolError, frameSizeError, flowControlError, enhanceYourCalm } = Http2ErrorCode;

/**
 * Judges a frame by its header alone (RFC 9113 §4.2, §6); throws an error of the connection. Header blocks have a limit of their own
 * (block-assembly.ts); other frames that have to be buffered whole get no more than 16 KiB, however large DATA may be.
 */
export function judgeFrame(type: number, length: number, flags: number, streamId: number, maxFrameBytes: number): void {
  if (length > maxFrameBytes)
    throw http2Error(frameSizeError, `a frame has ${length} bytes, the limit is ${maxFrameBytes}`);
  if (type === FrameType.data) return judgeData(length, flags, streamId);
  if (type === FrameType.headers) return judgeHeaders(length, flags, streamId);
  if (type === FrameType.continuation) return expectStream(type, streamId, true);
  if (type < FrameType.continuation) judgeControl(type, length, streamId, (flags & FrameFlag.ack) !== 0);
}

function judgeData(length: number, flags: number, streamId: number): void {
  if (streamId === 0) throw http2Error(protocolError, 'a DATA frame is on stream 0');
  if (length === 0 && (flags & FrameFlag.padded) !== 0) {
    throw http2Error(frameSizeError, 'a padded DATA frame has no pad length');
  }
}

function judgeHeaders(length: number, flags: number, streamId: number): void {
  if (streamId === 0) throw http2Error(protocolError, 'a HEADERS frame is on stream 0');
  const least = ((flags & FrameFlag.padded) === 0 ? 0 : 1) + ((flags & FrameFlag.priority) === 0 ? 0 : 5);
  if (length < least) throw http2Error(frameSizeError, `a HEADERS frame has ${length} bytes, its flags need ${least}`);
}

function judgeControl(type: number, length: number, streamId: number, ack: boolean): void {
  if (length > DEFAULT_MAX_FRAME_BYTES) {
    const text = `a frame of type ${type} has ${length} bytes, more than ${DEFAULT_MAX_FRAME_BYTES}`;
    throw http2Error(enhanceYourCalm, text);
  }
  switch (type) {
    case FrameType.priority:
      return expectStream(type, streamId, true);
    case FrameType.resetStream:
      expectLength(type, length, 4);
      return expectStream(type, streamId, true);
    case FrameType.settings:
      if (ack) expectLength(type, length, 0);
      else if (length % 6 !== 0) throw http2Error(frameSizeError, `a SETTINGS frame has ${length} bytes`);
      return expectStream(type, streamId, false);
    case FrameType.ping:
      expectLength(type, length, 8);
      return expectStream(type, streamId, false);
    case FrameType.goAway:
      if (length < 8) throw http2Error(frameSizeError, `a GOAWAY frame has ${length} bytes`);
      return expectStream(type, streamId, false);
    case FrameType.windowUpdate:
      return expectLength(type, length, 4);
    default:
      throw http2Error(protocolError, 'the peer pushes, which no end of this connection allows');
  }
}

function expectLength(type: number, length: number, expected: number): void {
  if (length === expected) return;
  throw http2Error(frameSizeError, `a frame of type ${type} has ${length} bytes instead of ${expected}`);
}

function expectStream(type: number, streamId: number, onStream: boolean): void {
  if ((streamId !== 0) === onStream) return;
  throw http2Error(protocolError, `a frame of type ${type} is on stream ${streamId}`);
}

/** Hands the parameters of a SETTINGS payload to the sink, once each is known to be legal (RFC 9113 §6.5.2). */
export function readSettings(sink: FrameSink, bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at += 6) {
    const id = (bytes[at]! << 8) | bytes[at + 1]!;
    const value = readUint32(bytes, at + 2);
    judgeSetting(id, value);
    sink.onSetting(id, value);
  }
}

function judgeSetting(id: number, value: number): void {
  if (id === Setting.enablePush && value > 1) throw http2Error(protocolError, `SETTINGS_ENABLE_PUSH is ${value}`);
  if (id === Setting.initialWindowSize && value > MAX_WINDOW_BYTES) {
    throw http2Error(flowControlError, `SETTINGS_INITIAL_WINDOW_SIZE is ${value}`);
  }
  if (id === Setting.maxFrameSize && (value < DEFAULT_MAX_FRAME_BYTES || value > LARGEST_MAX_FRAME_BYTES)) {
    throw http2Error(protocolError, `SETTINGS_MAX_FRAME_SIZE is ${value}`);
  }
}

/** A big-endian unsigned integer of 32 bits. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** A big-endian integer of 31 bits; the reserved bit above it is ignored. */
export function readUint31(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
