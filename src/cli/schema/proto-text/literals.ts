import { ScalarType } from '@bufbuild/protobuf';

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '"': '\\"', '\\': '\\\\' };

/** A string as a .proto file has it. */
export function stringLiteral(text: string): string {
  return `"${text.replaceAll(/["\\\p{Cc}]/gu, (character) => NAMED[character] ?? octalOf(Buffer.from(character)))}"`;
}

/** Bytes as a .proto file has them: what is not printable ASCII is written in octal. */
export function bytesLiteral(bytes: Uint8Array): string {
  const characters = Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    return NAMED[character] ?? (byte < 0x20 || byte > 0x7e ? octalOf([byte]) : character);
  });
  return `"${characters.join('')}"`;
}

/** A value of a scalar type, as options have it. */
export function scalarLiteral(type: ScalarType, value: unknown): string {
  if (type === ScalarType.STRING) return stringLiteral(value as string);
  if (type === ScalarType.BYTES) return bytesLiteral(value as Uint8Array);
  if (type === ScalarType.FLOAT) return numberLiteral(shortest(value as number));
  if (type === ScalarType.DOUBLE) return numberLiteral(value as number);
  return String(value);
}

/** Escapes in octal mean bytes, of which a control character may have two. */
function octalOf(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

function numberLiteral(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  return Object.is(value, -0) ? '-0.0' : String(value);
}

/** The shortest number that is the same as a float of 32 bits. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}
