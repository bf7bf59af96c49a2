import type { MessageType } from '../shared/service-definition.js';
import { frameMessage, PREFIX_BYTES } from './framing.js';
import { MessageWriter } from './message-writer.js';

/** A message type whose type parameters are not known. */
export type AnyMessageType = MessageType<unknown, unknown>;

const PREFIX = new Uint8Array(PREFIX_BYTES);

/** The writer of the previous message. */
let spare: MessageWriter | undefined;

/**
 * Encodes a message, of which `input` may leave out fields, with its gRPC prefix. The message is encoded behind five bytes that are left
 * free for the prefix, so that it is not copied. Write the result to one stream, once: the memory of a large message is used again.
 */
export function encodeFramed(type: AnyMessageType, input: unknown): Uint8Array {
  const message = type.fromPartial(input);
  const writer = spare ?? new MessageWriter();
  // Taken while it is in use, and dropped when an encoder throws.
  spare = undefined;
  writer.raw(PREFIX);
  const written = type.encode(message, writer);
  const bytes = written.finish();
  // An encoder that ignores the given writer returns one of its own, without room for the prefix.
  if (written !== writer) {
    writer.finish();
    spare = writer;
    return frameMessage(bytes);
  }
  spare = writer;
  const length = bytes.length - PREFIX_BYTES;
  bytes[1] = length >>> 24;
  bytes[2] = length >>> 16;
  bytes[3] = length >>> 8;
  bytes[4] = length;
  return bytes;
}
