import { createGobDecoder, type GobDecoder, type GobDecoderOptions } from '../../../src/wire/gob/index.js';
import { fromHex } from './hex.js';

/** A decoder that has received the bytes. */
export function receiving(hex: string, options?: GobDecoderOptions): GobDecoder {
  const decoder = createGobDecoder(options);
  decoder.push(fromHex(hex));
  return decoder;
}

/** Bodies as messages: each with its byte count before it. */
export function messages(...bodies: readonly string[]): string {
  return bodies.map((body) => count(fromHex(body).length) + body).join('');
}

/** An unsigned integer of gob. */
export function count(value: number): string {
  if (value < 0x80) return value.toString(16).padStart(2, '0');
  const digits = value.toString(16);
  const bytes = digits.padStart(digits.length + (digits.length % 2), '0');
  return (0x100 - bytes.length / 2).toString(16) + bytes;
}

/** The error of a call, by the code that it must have. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'no error';
}
