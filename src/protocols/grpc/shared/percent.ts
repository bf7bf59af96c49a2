import { decodeUtf8, encodeUtf8 } from '../../../wire/bytes.js';

const HEX = '0123456789ABCDEF';
const PERCENT = 0x25;
const ELLIPSIS = '…';

/** A status message as the header value of grpc-message: UTF-8, with everything but printable ASCII percent-encoded. */
export function encodeGrpcMessage(message: string): string {
  if (/^[ -$&-~]*$/.test(message)) return message;
  let text = '';
  for (const byte of encodeUtf8(message)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== PERCENT;
    text += plain ? String.fromCharCode(byte) : `%${HEX[byte >> 4]}${HEX[byte & 15]}`;
  }
  return text;
}

/** The beginning of a message that has at most so many bytes when it is encoded, with `…` where something is cut; empty if none fits. */
export function cutGrpcMessage(message: string, maxBytes: number): string {
  if (encodeGrpcMessage(message).length <= maxBytes) return message;
  let room = maxBytes - encodeGrpcMessage(ELLIPSIS).length;
  let end = 0;
  for (const character of message) {
    room -= encodeGrpcMessage(character).length;
    if (room < 0) break;
    end += character.length;
  }
  return end === 0 ? '' : message.slice(0, end) + ELLIPSIS;
}

/** Reverses `encodeGrpcMessage`. Never fails: a stray percent sign stands for itself, ill-formed UTF-8 becomes U+FFFD. */
export function decodeGrpcMessage(text: string): string {
  if (!text.includes('%')) return text;
  const raw = encodeUtf8(text);
  const bytes = new Uint8Array(raw.length);
  let length = 0;
  for (let index = 0; index < raw.length; index++) {
    const value = raw[index] === PERCENT ? hexPair(raw[index + 1], raw[index + 2]) : undefined;
    bytes[length++] = value ?? raw[index]!;
    if (value !== undefined) index += 2;
  }
  return decodeUtf8(bytes.subarray(0, length));
}

function hexPair(high: number | undefined, low: number | undefined): number | undefined {
  const first = hexDigit(high);
  const second = hexDigit(low);
  return first === undefined || second === undefined ? undefined : first * 16 + second;
}

function hexDigit(code: number | undefined): number | undefined {
  if (code === undefined) return undefined;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}
