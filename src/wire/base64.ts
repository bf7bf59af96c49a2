const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The six bits of a character by its code; 255 for a character outside of the alphabet. A constant table. */
const SEXTETS = new Uint8Array(128).fill(255);
for (let index = 0; index < ALPHABET.length; index++) SEXTETS[ALPHABET.charCodeAt(index)] = index;

/**
 * Standard base64 without padding (Go base64.RawStdEncoding).
 *
 * @example
 * encodeBase64(Uint8Array.of(1)); // 'AQ'
 */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let offset = 0; offset < bytes.length; offset += 3) {
    const left = bytes.length - offset;
    const bits = (bytes[offset]! << 16) | ((bytes[offset + 1] ?? 0) << 8) | (bytes[offset + 2] ?? 0);
    text += ALPHABET[bits >>> 18]! + ALPHABET[(bits >>> 12) & 63]!;
    if (left > 1) text += ALPHABET[(bits >>> 6) & 63]!;
    if (left > 2) text += ALPHABET[bits & 63]!;
  }
  return text;
}

/**
 * The bytes of standard base64 without padding; undefined for any other text: with padding, blanks, other characters, an impossible
 * length. As in Go, unused low bits of the last character are ignored.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let bitCount = 0;
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const sextet = SEXTETS[text.charCodeAt(index)];
    if (sextet === undefined || sextet === 255) return undefined;
    bits = ((bits << 6) | sextet) & 0xffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[length++] = bits >>> bitCount;
    }
  }
  return bytes;
}
