import { errorMessage } from '../../../errors.js';
import { mismatch } from '../failure.js';
import type { FloatNode, IntegerNode, OpaqueCodec } from '../schema/schema.js';
import { type DecodeContext, spend, type ValueDecoder } from './decode-context.js';

const STRING_BYTES = 16;
const BLOB_BYTES = 120;
const COMPLEX_BYTES = 48;
const MAX_FLOAT32 = 3.4028234663852886e38;

export const BOOL: ValueDecoder = { read: (from) => from.reader.uint() !== 0 };
export const INT_EXACT: ValueDecoder = { read: (from) => from.reader.int() };
export const UINT_EXACT: ValueDecoder = { read: (from) => from.reader.uint() };
export const FLOAT: ValueDecoder = { read: (from) => from.reader.float() };

export const STRING: ValueDecoder = {
  read(from) {
    const text = from.reader.text();
    spend(from, STRING_BYTES + text.length);
    return text;
  },
};

export const BYTES: ValueDecoder = { read: readBytes };

function readBytes(from: DecodeContext): Uint8Array {
  const bytes = from.reader.blob();
  spend(from, BLOB_BYTES + bytes.length);
  return bytes;
}

function complex(part: (from: DecodeContext) => number): ValueDecoder {
  return {
    read(from) {
      spend(from, COMPLEX_BYTES);
      const real = part(from);
      return { real, imag: part(from) };
    },
  };
}

function readSingle(from: DecodeContext): number {
  const value = from.reader.float();
  if (Number.isFinite(value) && Math.abs(value) > MAX_FLOAT32)
    throw mismatch(`the value ${value} is out of range for float32`);
  return value;
}

export const COMPLEX: ValueDecoder = complex((from) => from.reader.float());
const SINGLE: ValueDecoder = { read: readSingle };
const SINGLE_COMPLEX: ValueDecoder = complex(readSingle);

/** Floats of both widths; a value that overflows 32 bits is refused (encoding/gob decode.go float32FromBits). */
export function floatDecoder(node: FloatNode): ValueDecoder {
  if (node.kind === 'complex') return node.single ? SINGLE_COMPLEX : COMPLEX;
  return node.single ? SINGLE : FLOAT;
}

/** Integers of the schema's width, as numbers or bigints. */
export function integerDecoder(node: IntegerNode): ValueDecoder {
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
export function opaqueDecoder(codec: OpaqueCodec<unknown>): ValueDecoder {
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
