import { errorMessage } from '../../../errors.js';
import { mismatch } from '../failure.js';
import type { FloatNode, IntegerNode, OpaqueCodec } from '../schema/schema.js';
import { type DecodeSource, type Decoding, spend } from './decode-source.js';

const STRING_BYTES = 16;
const BLOB_BYTES = 120;
const COMPLEX_BYTES = 48;
const MAX_FLOAT32 = 3.4028234663852886e38;

export const BOOL: Decoding = { read: (from) => from.reader.uint() !== 0 };
export const INT_EXACT: Decoding = { read: (from) => from.reader.int() };
export const UINT_EXACT: Decoding = { read: (from) => from.reader.uint() };
export const FLOAT: Decoding = { read: (from) => from.reader.float() };

export const STRING: Decoding = {
  read(from) {
    const text = from.reader.text();
    spend(from, STRING_BYTES + text.length);
    return text;
  },
};

export const BYTES: Decoding = { read: readBytes };

function readBytes(from: DecodeSource): Uint8Array {
  const bytes = from.reader.blob();
  spend(from, BLOB_BYTES + bytes.length);
  return bytes;
}

function complex(part: (from: DecodeSource) => number): Decoding {
  return {
    read(from) {
      spend(from, COMPLEX_BYTES);
      const real = part(from);
      return { real, imag: part(from) };
    },
  };
}

function readSingle(from: DecodeSource): number {
  const value = from.reader.float();
  if (Number.isFinite(value) && Math.abs(value) > MAX_FLOAT32)
    throw mismatch(`the value ${value} is out of range for float32`);
  return value;
}

export const COMPLEX: Decoding = complex((from) => from.reader.float());
const SINGLE: Decoding = { read: readSingle };
const SINGLE_COMPLEX: Decoding = complex(readSingle);

/** Floats of both widths; 32 bits refuse what overflows them (encoding/gob decode.go float32FromBits). */
export function floatDecoding(node: FloatNode): Decoding {
  if (node.kind === 'complex') return node.single ? SINGLE_COMPLEX : COMPLEX;
  return node.single ? SINGLE : FLOAT;
}

/** Integers in the schema's width and form. */
export function integerDecoding(node: IntegerNode): Decoding {
  const exact = node.kind === 'int' ? INT_EXACT : UINT_EXACT;
  if (node.as === 'exact') return exact;
  if (node.as === 'bigint') return { read: (from) => BigInt(exact.read(from) as number | bigint) };
  const signed = node.kind === 'int';
  const max = node.bits === 64 ? Number.MAX_SAFE_INTEGER : 2 ** (signed ? node.bits - 1 : node.bits) - 1;
  const min = signed ? (node.bits === 64 ? Number.MIN_SAFE_INTEGER : -max - 1) : 0;
  const remedy = node.bits === 64 ? `; gob.${node.kind}64 reads it as a bigint` : '';
  const check = (value: number | bigint): number => {
    if (typeof value === 'number' && value >= min && value <= max) return value;
    throw mismatch(`the value ${value} is out of range for ${min} to ${max}${remedy}`);
  };
  return signed ? { read: (from) => check(from.reader.int()) } : { read: (from) => check(from.reader.uint()) };
}

/** The bytes of a self-encoding type, through its codec. */
export function opaqueDecoding(codec: OpaqueCodec<unknown>): Decoding {
  return {
    read(from) {
      const bytes = readBytes(from);
      try {
        return codec.decode(bytes);
      } catch (error) {
        throw mismatch(errorMessage(error));
      }
    },
  };
}
