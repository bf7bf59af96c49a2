import type { ConnectionFrameSink } from './frame-sink.js';
import {
  DEFAULT_MAX_FRAME_BYTES,
  FrameFlag,
  FrameType,
  formatFrameType,
  Http2ErrorCode,
  http2Error,
  LARGEST_MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  readUint31,
  readUint32,
  Setting,
} from './frames.js';

const { protocolError, frameSizeError, flowControlError, enhanceYourCalm } = Http2ErrorCode;

/**
 * Validates the header of a frame other than DATA (RFC 9113 §4.2, §6); throws an error of the connection. Header blocks have a limit of
 * their own (`HeaderBlock`); other frames have to be kept whole and get no more than 16 KiB, however large DATA may be.
 */
export function validateFrame(type: number, length: number, flags: number, streamId: number): void {
  if (type === FrameType.headers) return validateHeaders(length, flags, streamId);
  if (type === FrameType.continuation) return expectStream(type, streamId, true);
  if (type < FrameType.continuation) validateOther(type, length, streamId, (flags & FrameFlag.ack) !== 0);
}

function validateHeaders(length: number, flags: number, streamId: number): void {
  expectStream(FrameType.headers, streamId, true);
  const least = ((flags & FrameFlag.padded) === 0 ? 0 : 1) + ((flags & FrameFlag.priority) === 0 ? 0 : 5);
  if (length < least) throw http2Error(frameSizeError, `a HEADERS frame has ${length} bytes, its flags need ${least}`);
}

function validateOther(type: number, length: number, streamId: number, ack: boolean): void {
  if (length > DEFAULT_MAX_FRAME_BYTES) {
    const text = `a ${formatFrameType(type)} frame has ${length} bytes, more than ${DEFAULT_MAX_FRAME_BYTES}`;
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
      throw http2Error(protocolError, 'PUSH_PROMISE, which no end of this connection allows');
  }
}

function expectLength(type: number, length: number, expected: number): void {
  if (length === expected) return;
  throw http2Error(frameSizeError, `a ${formatFrameType(type)} frame has ${length} bytes instead of ${expected}`);
}

function expectStream(type: number, streamId: number, onStream: boolean): void {
  if ((streamId !== 0) === onStream) return;
  throw http2Error(protocolError, `a ${formatFrameType(type)} frame is on stream ${streamId}`);
}

/** What a PRIORITY payload is as an error of its stream, or 0: no other frame of a wrong size costs its stream only (RFC 9113 §6.3). */
export function priorityErrorCode(streamId: number, bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== 5) return frameSizeError;
  return readUint31(bytes, start) === streamId ? protocolError : 0;
}

/** Hands the parameters of a SETTINGS payload to the sink, once each is known to be legal (RFC 9113 §6.5.2). */
export function readSettings(sink: ConnectionFrameSink, bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at += 6) {
    const id = (bytes[at]! << 8) | bytes[at + 1]!;
    const value = readUint32(bytes, at + 2);
    validateSetting(id, value);
    sink.onSetting(id, value);
  }
}

function validateSetting(id: number, value: number): void {
  if (id === Setting.enablePush && value > 1) throw http2Error(protocolError, `SETTINGS_ENABLE_PUSH is ${value}`);
  if (id === Setting.initialWindowSize && value > MAX_WINDOW_BYTES) {
    throw http2Error(flowControlError, `SETTINGS_INITIAL_WINDOW_SIZE is ${value}`);
  }
  if (id === Setting.maxFrameSize && (value < DEFAULT_MAX_FRAME_BYTES || value > LARGEST_MAX_FRAME_BYTES)) {
    throw http2Error(protocolError, `SETTINGS_MAX_FRAME_SIZE is ${value}`);
  }
}
