import fc from 'fast-check';
import { type Description, describeName, structureOf } from './description.js';

const SCALARS = [
  'bool',
  'int',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'float32',
  'float64',
  'complex64',
  'complex128',
  'string',
  'bytes',
  'interface',
];
const KEYS = ['bool', 'int', 'int8', 'uint', 'uint64', 'float64', 'string', 'complex128'];
const NAMED = ['In', 'S1', 'PE', 'AnyS', 'Rec', 'Tree', 'GE', 'BM', 'Time'];
const DYNAMIC = [
  'bool',
  'string',
  'int',
  'int8',
  'int16',
  'int32',
  'uint',
  'uint8',
  'uint16',
  'uint32',
  'float32',
  'float64',
  'complex64',
  'complex128',
  '[]uint8',
  '[]string',
  '[]bool',
  '[]float64',
  '[]int32',
  'main.In',
  'main.S1',
  '*plugin.BasicError',
  'main.AnyS',
  'main.Rec',
  'main.GE',
  'time.Time',
  'map[string]interface {}',
  '[]interface {}',
];

const scalar = fc.constantFrom(...SCALARS).map((k): Description => ({ k }));
const named = fc.constantFrom(...NAMED).map((n): Description => ({ k: 'named', n }));
const key: fc.Arbitrary<Description> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...KEYS).map((k): Description => ({ k })) },
  { weight: 1, arbitrary: fc.constantFrom(...KEYS).map((k): Description => ({ k: 'array', len: 2, e: { k } })) },
  { weight: 1, arbitrary: fc.constant<Description>({ k: 'named', n: 'S1' }) },
);

/** Types that Go's reflection can make, and the named ones. */
export function descriptions(depth: number): fc.Arbitrary<Description> {
  if (depth === 0) return fc.oneof({ weight: 3, arbitrary: scalar }, { weight: 1, arbitrary: named });
  const inner = descriptions(depth - 1);
  return fc.oneof(
    { weight: 2, arbitrary: descriptions(0) },
    { weight: 1, arbitrary: inner.map((e): Description => (e.k === 'uint8' ? { k: 'bytes' } : { k: 'slice', e })) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(3), inner).map(([len, e]): Description => ({ k: 'array', len, e })) },
    { weight: 1, arbitrary: fc.tuple(key, inner).map(([k, e]): Description => ({ k: 'map', key: k, e })) },
    { weight: 4, arbitrary: fc.array(fields(inner), { minLength: 1, maxLength: 6 }).map(structOf) },
  );
}

function fields(inner: fc.Arbitrary<Description>): fc.Arbitrary<Description> {
  return fc.tuple(inner, fc.nat(4)).map(([e, dice]) => (dice === 0 && e.k !== 'interface' ? { k: 'ptr', e } : e));
}

function structOf(types: readonly Description[]): Description {
  return { k: 'struct', f: types.map((t, i) => ({ n: `F${i}`, t })) };
}

const floats = (single: boolean): fc.Arbitrary<number> =>
  (single ? fc.float({ noNaN: true }) : fc.double({ noNaN: true })).map((value) => (value === 0 ? 0 : value));
const complexes = (single: boolean): fc.Arbitrary<unknown> =>
  fc.record({ real: floats(single), imag: floats(single) }, { noNullPrototype: true });
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 40 });

function integers(kind: string): fc.Arbitrary<unknown> {
  const bits = Number(/\d+$/.exec(kind)?.[0] ?? 64);
  const values = kind.startsWith('uint')
    ? fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n })
    : fc.bigInt({ min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n });
  if (kind === 'int64' || kind === 'uint64') return values;
  return values.map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));
}

/** Values of a type, without what gob does not keep apart: pointers to what is omitted, and negative zero. */
export function valuesOf(d: Description, depth = 3): fc.Arbitrary<unknown> {
  if (d.k === 'named' && (d.n === 'GE' || d.n === 'BM')) return fc.uint8Array({ minLength: 1, maxLength: 20 });
  if (d.k === 'named' && d.n === 'Time') return times();
  const structure = structureOf(d)!;
  switch (structure.k) {
    case 'slice':
      if (depth <= 0) return fc.constant([]);
      return fc.array(valuesOf(structure.e!, depth - 1), { maxLength: 3 });
    case 'array': {
      const length = structure.len ?? 0;
      return fc.array(valuesOf(structure.e!, depth - 1), { minLength: length, maxLength: length });
    }
    case 'map':
      return depth <= 0 ? fc.constant(structure.key!.k === 'string' ? {} : new Map()) : maps(structure, depth);
    case 'ptr':
      return depth <= 0 ? fc.constant(null) : pointers(structure.e!, depth);
    case 'struct':
      return fc.record(Object.fromEntries((structure.f ?? []).map(({ n, t }) => [n, valuesOf(t, depth - 1)])), {
        noNullPrototype: true,
      });
    case 'interface':
      return depth <= 0 ? fc.constant(null) : dynamics(depth);
    default:
      return scalars(structure.k);
  }
}

function scalars(kind: string): fc.Arbitrary<unknown> {
  if (kind === 'bool') return fc.boolean();
  if (kind === 'string') return text;
  if (kind === 'bytes') return bytes;
  if (kind.startsWith('float')) return floats(kind === 'float32');
  if (kind.startsWith('complex')) return complexes(kind === 'complex64');
  return integers(kind);
}

function dynamics(depth: number): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.constant(null),
    fc
      .constantFrom(...DYNAMIC)
      .chain((type) => valuesOf(describeName(type), depth - 1).map((value) => ({ type, value }))),
  );
}

function maps(d: Description, depth: number): fc.Arbitrary<unknown> {
  // A nil pointer cannot be sent as an element.
  const element = d.e!.k === 'ptr' ? d.e!.e! : d.e!;
  const entry = fc.tuple(valuesOf(d.key!, depth - 1), valuesOf(element, depth - 1));
  const selector = ([k]: [unknown, unknown]): string =>
    JSON.stringify(k, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v));
  const entries = fc.uniqueArray(entry, { maxLength: 3, selector });
  // Computed as own properties, also for the key `__proto__`.
  if (d.key!.k === 'string') return entries.map((list) => Object.fromEntries(list as [string, unknown][]));
  return entries.map((list) => new Map(list));
}

function pointers(target: Description, depth: number): fc.Arbitrary<unknown> {
  const whole = structureOf(target)?.k === 'struct' || target.k === 'array';
  const values = valuesOf(target, depth - 1).map((value) => (whole || !isOmitted(value) ? value : null));
  return fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 2, arbitrary: values });
}

function isOmitted(value: unknown): boolean {
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  if (typeof value !== 'object' || value === null) return !value;
  if ('real' in value && 'imag' in value) return value.real === 0 && value.imag === 0;
  return Object.keys(value).length === 0;
}

function times(): fc.Arbitrary<unknown> {
  return fc.record(
    {
      unixSeconds: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
      nanoseconds: fc.nat(999_999_999),
      zoneOffsetSeconds: fc.oneof(
        fc.constant(null),
        fc.nat(50_000),
        fc.integer({ min: -800, max: -2 }).map((m) => m * 60),
      ),
    },
    { noNullPrototype: true },
  );
}
