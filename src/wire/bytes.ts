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

/** Its `Symbol.toStringTag` is a getter that tells of any value which typed array it is, whatever its realm. */
const TypedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** Whether a value is a Uint8Array, also of another realm, as under Jest or in `node:vm`. */
export function isUint8Array(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || Reflect.get(TypedArray, Symbol.toStringTag, value) === 'Uint8Array';
}
