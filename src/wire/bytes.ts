const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** An empty array, shared. */
export const EMPTY_BYTES = new Uint8Array(0);

/** The UTF-8 bytes of a text. Lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of UTF-8 bytes. Ill-formed sequences become U+FFFD; a byte order mark is kept as a character. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
