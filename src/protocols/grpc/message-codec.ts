import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { frameMessage, PREFIX_BYTES } from './framing.js';
import type { MessageType } from './service-definition.js';

/** A message type whose own types the caller vouches for. */
export type AnyMessageType = MessageType<unknown, unknown>;

/**
 * A message, completed from its partial form, with its gRPC prefix. Generated code writes behind a gap of five bytes, so that a large
 * message is not copied once more for the sake of its prefix.
 */
export function encodeFramed(type: AnyMessageType, input: unknown): Uint8Array {
  const writer = new BinaryWriter();
  for (let index = 0; index < PREFIX_BYTES; index++) writer.uint32(0);
  const written = type.encode(type.fromPartial(input), writer);
  const bytes = written.finish();
  // An encoder that does not take a writer returns one of its own, without the gap.
  if (written !== writer) return frameMessage(bytes);
  const length = bytes.length - PREFIX_BYTES;
  bytes[1] = length >>> 24;
  bytes[2] = length >>> 16;
  bytes[3] = length >>> 8;
  bytes[4] = length;
  return bytes;
}
