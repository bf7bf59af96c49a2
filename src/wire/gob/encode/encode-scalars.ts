import { errorMessage } from '../../../errors.js';
import { isUint8Array } from '../../bytes.js';
import { describe, type GobFailure, mismatch } from '../failure.js';
import { isInt64, isUint64 } from '../integers.js';
import type { FloatNode, IntegerNode, OpaqueNode } from '../schema/schema.js';
import type { GobComplex } from '../schema/values.js';
import type { ValueEncoder } from './encode-context.js';

export function wrong(expected: string, value: unknown): GobFailure {
  return mismatch(`expected ${expected}, got ${describe(value)}`);
}

export function isNil(value: unknown): boolean {
  return value === null || value === undefined;
}

export const BOOL: ValueEncoder = {
  write(target, value) {
    if (typeof value !== 'boolean') throw wrong('a boolean', value);
    target.out.uint(value ? 1 : 0);
  },
  omit: (value) => value === false,
};

export const STRING: ValueEncoder = {
  write(target, value) {
    if (typeof value !== 'string') throw wrong('a string', value);
    target.out.text(value);
  },
  omit: (value) => value === '',
};

export const BYTES: ValueEncoder = {
  write(target, value) {
    if (!isUint8Array(value)) throw wrong('a Uint8Array', value);
    target.out.blob(value);
  },
  omit: (value) => isUint8Array(value) && value.length === 0,
};

export function compileInteger(node: IntegerNode): ValueEncoder {
  if (node.as !== 'number') return node.kind === 'int' ? wideSigned(node.as) : wideUnsigned(node.as);
  const signed = node.kind === 'int';
  const max = node.bits === 64 ? Number.MAX_SAFE_INTEGER : 2 ** (signed ? node.bits - 1 : node.bits) - 1;
  const min = signed ? (node.bits === 64 ? Number.MIN_SAFE_INTEGER : -max - 1) : 0;
  const expected = `an integer from ${min} to ${max}`;
  const check = (value: unknown): number => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw wrong(expected, value);
  };
  return {
    write: signed ? (target, value) => target.out.int(check(value)) : (target, value) => target.out.uint(check(value)),
    omit: (value) => value === 0,
  };
}

const isZeroInteger = (value: unknown): boolean => value === 0 || value === 0n;

function wideSigned(as: 'bigint' | 'exact'): ValueEncoder {
  const expected = as === 'bigint' ? 'a bigint within 64 bits' : 'an integer within 64 bits';
  return {
    write(target, value) {
      if (typeof value === 'bigint' && isInt64(value)) target.out.int64(value);
      else if (as === 'exact' && Number.isSafeInteger(value)) target.out.int(Number(value));
      else throw wrong(expected, value);
    },
    omit: isZeroInteger,
  };
}

function wideUnsigned(as: 'bigint' | 'exact'): ValueEncoder {
  const expected = as === 'bigint' ? 'a non-negative bigint within 64 bits' : 'a non-negative integer within 64 bits';
  return {
    write(target, value) {
      if (typeof value === 'bigint' && isUint64(value)) target.out.uint64(value);
      else if (as === 'exact' && Number.isSafeInteger(value) && Number(value) >= 0) target.out.uint(Number(value));
      else throw wrong(expected, value);
    },
    omit: isZeroInteger,
  };
}

function single(value: number): number {
  const rounded = Math.fround(value);
  if (Number.isFinite(value) && !Number.isFinite(rounded)) throw wrong('a number within 32-bit floats', value);
  return rounded;
}

export function compileFloat(node: FloatNode): ValueEncoder {
  return {
    write(target, value) {
      if (typeof value !== 'number') throw wrong('a number', value);
      target.out.float(node.single ? single(value) : value);
    },
    // go-plugin: -0 is left out too (encoding/gob encode.go encFloat).
    omit: node.single ? (value) => typeof value === 'number' && Math.fround(value) === 0 : (value) => value === 0,
  };
}

function isComplex(value: unknown): value is GobComplex {
  const complex = value as Partial<GobComplex> | null | undefined;
  return typeof complex?.real === 'number' && typeof complex.imag === 'number';
}

export function compileComplex(node: FloatNode): ValueEncoder {
  const part = node.single ? single : (value: number) => value;
  return {
    write(target, value) {
      if (!isComplex(value)) throw wrong('an object with the numbers real and imag', value);
      target.out.float(part(value.real));
      target.out.float(part(value.imag));
    },
    omit: (value) => isComplex(value) && part(value.real) === 0 && part(value.imag) === 0,
  };
}

export function compileOpaque(node: OpaqueNode): ValueEncoder {
  const { codec } = node;
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw mismatch(errorMessage(error));
    }
  };
  return {
    write: (target, value) => target.out.blob(guarded(() => codec.encode(value))),
    omit: (value) => guarded(() => codec.isZero?.(value) === true),
  };
}
