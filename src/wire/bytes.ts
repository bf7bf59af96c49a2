const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** No bytes. Shared; there is nothing in it to write to. */
export const EMPTY_BYTES = new Uint8Array(0);

/** The UTF-8 bytes of a text. Lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of UTF-8 bytes. Ill-formed sequences become U+FFFD; a byte order mark is kept as a character. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** All chunks in one piece. A single chunk is returned as it is, not copied. */
export function concatBytes(chunks: readonly Uint8Array[], byteLength = totalLength(chunks)): Uint8Array {
  if (chunks.length === 1 && chunks[0]!.length === byteLength) return chunks[0]!;
  const whole = new Uint8Array(byteLength);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

function totalLength(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

/** True when both hold the same bytes. Not constant in time: for public data only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
