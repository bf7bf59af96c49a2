import type { MessageType } from '../shared/service-definition.js';
import { frameMessage, PREFIX_BYTES } from './framing.js';
import { SlabWriter } from './slab-writer.js';

/** A message type whose messages the caller knows to be of that type. */
export type AnyMessageType = MessageType<unknown, unknown>;

const PREFIX = new Uint8Array(PREFIX_BYTES);

/** The writer of the previous message. */
let spare: SlabWriter | undefined;

/**
 * A message, completed from its partial form, with its gRPC prefix. Generated code writes behind a gap of five bytes, so that a large
 * message is not copied once more for the sake of its prefix. The bytes are for one `write`: memory of a large message is used again.
 */
export function encodeFramed(type: AnyMessageType, input: unknown): Uint8Array {
  const message = type.fromPartial(input);
  const writer = spare ?? new SlabWriter();
  // Not there while it is in use, nor after an encoder has thrown.
  spare = undefined;
  writer.raw(PREFIX);
  const written = type.encode(message, writer);
  const bytes = written.finish();
  // An encoder that does not take a writer returns one of its own, without the gap.
  if (written !== writer) return frameMessage(bytes);
  spare = writer;
  const length = bytes.length - PREFIX_BYTES;
  bytes[1] = length >>> 24;
  bytes[2] = length >>> 16;
  bytes[3] = length >>> 8;
  bytes[4] = length;
  return bytes;
}
