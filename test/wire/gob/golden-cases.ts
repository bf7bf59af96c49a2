import { type GobAny, type GobSchema, gob } from '../../../src/wire/gob/index.js';

/** What a golden stream holds: the values by schemas, and the values without. */
export interface GoldenCase {
  readonly items: readonly GoldenItem[];
  /** Why our bytes differ: Go splits its messages, we define types beforehand; a NaN of JavaScript has no payload. */
  readonly differs?: 'split' | 'nan';
}

export interface GoldenItem {
  readonly schema: GobSchema;
  readonly value: unknown;
  /** What decoding without a schema gives, if it is not the same. */
  readonly plain?: GobAny;
}

function item<T>(schema: GobSchema<T>, value: T, plain?: GobAny): GoldenItem {
  return plain === undefined ? { schema, value } : { schema, value, plain };
}

function all<T>(schema: GobSchema<T>, ...values: T[]): GoldenCase {
  return { items: values.map((value) => item(schema, value)) };
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const big = Array.from({ length: 200 }, (_, i) => i ** 3);

const In = gob.struct('In', { X: gob.int, Y: gob.int });
const S1 = gob.struct('S1', { A: gob.int, B: gob.string });
const BE = gob.struct('BE', { Message: gob.string });
const Nest = gob.struct('Nest', { P: In, Q: gob.optional(In), R: gob.slice(In) });

interface RecValue {
  V: number;
  Next: RecValue | null;
}
const Rec: GobSchema<RecValue> = gob.struct('Rec', { V: gob.int, Next: gob.pointer(gob.lazy(() => Rec)) });

interface TreeValue {
  Name: string;
  Children: TreeValue[];
  ByName: Record<string, TreeValue>;
}
const tree = (Name: string, Children: TreeValue[] = [], ByName: Record<string, TreeValue> = {}): TreeValue => ({
  Name,
  Children,
  ByName,
});
const Tree: GobSchema<TreeValue> = gob.struct('Tree', {
  Name: gob.string,
  Children: gob.slice(gob.lazy(() => Tree)),
  ByName: gob.map(
    gob.string,
    gob.lazy(() => Tree),
  ),
});

const Multi = gob.struct('Multi', {
  A: gob.bool,
  B: gob.uint8,
  C: gob.float,
  D: gob.bytes,
  E: gob.complex,
  F: gob.slice(gob.string),
});
const Keys = gob.struct('Keys', {
  I: gob.map(gob.int, gob.string),
  B: gob.map(gob.bool, gob.float),
  A: gob.map(gob.array(2, gob.int8), gob.bool),
  S: gob.map(In, gob.uint),
});
const Ptrs = gob.struct('Ptrs', {
  I: gob.pointer(gob.int),
  S: gob.pointer(gob.string),
  A: gob.pointer(gob.array(2, gob.int)),
  M: gob.pointer(gob.map(gob.string, gob.int)),
  P: gob.pointer(gob.pointer(gob.int)),
});
const Wide = gob.struct('Wide', {
  I64: gob.int64,
  U64: gob.uint64,
  F32: gob.float32,
  C64: gob.complex64,
  Up: gob.uintExact,
});
const MAX_FLOAT32 = 3.4028234663852886e38;

const Dynamic = gob.interface();
const AnyMap = gob.map(gob.string, Dynamic);
const AnyS = gob.struct('AnyS', { V: gob.lazy(() => gob.interface()) });

/** The types that the generator registers. */
export const registry = gob.registry({
  'main.In': In,
  'main.S1': S1,
  'main.BE': BE,
  '*plugin.BasicError': gob.pointer(BE),
  'main.AnyS': AnyS,
  'main.Rec': Rec,
  'map[string]interface {}': AnyMap,
  '[]interface {}': gob.slice(Dynamic),
});

const dynamic = (type: string, value: unknown): { type: string; value: unknown } => ({ type, value });
const anyS = (type: string, value: unknown, plain: GobAny): GoldenItem =>
  item(AnyS, { V: dynamic(type, value) }, { V: plain });

const time = (unixSeconds: number, nanoseconds: number, zoneOffsetSeconds: number | null, hex: string): GoldenItem =>
  item(gob.time, { unixSeconds, nanoseconds, zoneOffsetSeconds }, new Uint8Array(Buffer.from(hex, 'hex')));
const ZERO = { unixSeconds: -62_135_596_800, nanoseconds: 0, zoneOffsetSeconds: null };

const Request = gob.struct('Request', { ServiceMethod: gob.string, Seq: gob.uint });
const Response = gob.struct('Response', { ServiceMethod: gob.string, Seq: gob.uint, Error: gob.string });

const scalars: Readonly<Record<string, GoldenCase>> = {
  bool: all(gob.bool, true, false),
  int: all(gob.intExact, 7, 0, -1, -129, 64, 127, 128, 2n ** 63n - 1n, -(2n ** 63n), -128),
  'int sizes': all(
    gob.intExact,
    -64,
    -65,
    2 ** 20,
    -(2 ** 20),
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 47,
    2 ** 48,
    2 ** 51,
    2 ** 52,
    -(2 ** 52),
    2 ** 53 - 1,
    -(2 ** 53) + 1,
    2n ** 53n,
    2n ** 54n + 1n,
  ),
  uint: all(gob.uintExact, 7, 127, 128, 256, 0, 2n ** 64n - 1n),
  'uint sizes': all(
    gob.uintExact,
    2 ** 16 - 1,
    2 ** 16,
    2 ** 24,
    2 ** 32,
    2 ** 40,
    2 ** 48 - 1,
    2 ** 48,
    2 ** 53 - 1,
    2n ** 53n,
    2n ** 56n,
    2n ** 63n,
  ),
  float: all(gob.float, 17, 0, 1.5, Math.PI, Infinity, -Infinity, -0, 2, 0.1, Number.MAX_VALUE, Number.MIN_VALUE),
  NaN: { ...all(gob.float, NaN), differs: 'nan' },
  complex: all(gob.complex, { real: 1, imag: 2 }, { real: 0, imag: -0.5 }, { real: 0, imag: 0 }),
  string: all(gob.string, 'hello', '', 'é', '\0', '日本語 𝄞', '0123456789'.repeat(4), 'x'.repeat(300)),
  bytes: all(gob.bytes, bytes(1, 2, 3), bytes(), new Uint8Array(200).fill(9)),
  'named int and pointers': all(gob.int, 3, 5),
};

const composites: Readonly<Record<string, GoldenCase>> = {
  '[]string': all(gob.slice(gob.string), ['a', 'b'], []),
  '[]int': all(gob.slice(gob.int), [1, -1, 0], big),
  '[]bool': all(gob.slice(gob.bool), [true, false]),
  '[][]string': all(gob.slice(gob.slice(gob.string)), [['a'], []]),
  '[]*int': all(gob.slice(gob.pointer(gob.int)), [0, 9]),
  array: all(gob.array(3, gob.int16), [1, -2, 0]),
  map: all(gob.map(gob.string, gob.int), { a: 1 }, {}),
  S1: all(S1, { A: 5, B: 'hi' }, { A: 0, B: '' }, { A: 0, B: 'z' }, { A: 1, B: 'p' }),
  'unnamed struct': all(gob.struct('', { A: gob.int, B: gob.string }), { A: 5, B: 'hi' }),
  Nest: {
    items: [
      item(Nest, {
        P: { X: 1, Y: 2 },
        Q: { X: 3, Y: 0 },
        R: [
          { X: 4, Y: 5 },
          { X: 0, Y: 0 },
        ],
      }),
      item(Nest, { P: { X: 0, Y: 0 }, R: [] }, { P: { X: 0, Y: 0 }, Q: null, R: [] }),
    ],
  },
  Rec: all(Rec, { V: 1, Next: { V: 2, Next: null } }),
  Tree: all(Tree, tree('a', [tree('b'), tree('c', [], { d: tree('e') })])),
  Arr: all(
    gob.struct('Arr', { F: gob.array(2, gob.int), G: gob.array(3, gob.uint8) }),
    { F: [1, 0], G: [0, 0, 0] },
    { F: [0, 0], G: [0, 0, 0] },
  ),
  MapS: {
    items: [
      item(gob.struct('MapS', { M: gob.optional(gob.map(gob.string, gob.int)) }), {}, { M: {} }),
      item(gob.struct('MapS', { M: gob.map(gob.string, gob.int) }), { M: {} }),
      item(gob.struct('MapS', { M: gob.map(gob.string, gob.int) }), { M: { k: -1 } }),
    ],
  },
  Multi: all(
    Multi,
    { A: true, B: 200, C: 1, D: bytes(1, 2), E: { real: 1, imag: 0 }, F: ['x'] },
    { A: false, B: 0, C: 0, D: bytes(), E: { real: 0, imag: 0 }, F: [] },
  ),
  'nil pointer field': all(gob.struct('', { E: gob.pointer(BE), R: gob.int }), { E: null, R: 3 }),
  Empty: all(gob.struct('Empty', {}), {}, {}),
  'unnamed empty': all(gob.empty, {}, {}),
  Embedding: all(gob.struct('Embedding', { In, Z: gob.int }), { In: { X: 1, Y: 2 }, Z: 3 }),
  Keys: all(Keys, {
    I: new Map([[-5, 'x']]),
    B: new Map([[true, 0.5]]),
    A: new Map([[[1, 2], true]]),
    S: new Map([[{ X: 3, Y: 4 }, 5]]),
  }),
  Ptrs: {
    items: [
      item(Ptrs, { I: 4, S: 's', A: [0, 0], M: {}, P: 7 }),
      item(Ptrs, { I: null, S: null, A: null, M: null, P: null }, { I: 0, S: '', A: null, M: {}, P: 0 }),
    ],
  },
  Wide: {
    items: [
      item(Wide, { I64: -(2n ** 63n), U64: 2n ** 64n - 1n, F32: MAX_FLOAT32, C64: { real: 1.5, imag: -2 }, Up: 77 }),
      item(
        Wide,
        { I64: 0n, U64: 0n, F32: 0, C64: { real: 0, imag: 0 }, Up: 0 },
        { I64: 0, U64: 0, F32: 0, C64: { real: 0, imag: 0 }, Up: 0 },
      ),
    ],
  },
};

const interfaces: Readonly<Record<string, GoldenCase>> = {
  'nil interface': all(Dynamic, null),
  interface: { items: [item(Dynamic, dynamic('string', 'hello'), 'hello')] },
  'map of interfaces foo': { items: [item(AnyMap, { key: dynamic('string', 'foo') }, { key: 'foo' })] },
  'map of interfaces 12': { items: [item(AnyMap, { n: dynamic('int', 12) }, { n: 12 })] },
  'AnyS string': { items: [anyS('string', 'hi', 'hi')] },
  AnyS: { differs: 'split', items: [item(AnyS, { V: null }), anyS('int', 42, 42), anyS('[]string', ['x'], ['x'])] },
  'AnyS In': {
    differs: 'split',
    items: [anyS('main.In', { X: 1, Y: 2 }, { X: 1, Y: 2 }), anyS('main.In', { X: 3, Y: 4 }, { X: 3, Y: 4 })],
  },
  'AnyS AnyS In': {
    differs: 'split',
    items: [anyS('main.AnyS', { V: dynamic('main.In', { X: 1, Y: 2 }) }, { V: { X: 1, Y: 2 } })],
  },
  'AnyS map': {
    differs: 'split',
    items: [anyS('map[string]interface {}', { k: dynamic('bool', true) }, { k: true })],
  },
  'AnyS pointer': { differs: 'split', items: [anyS('*plugin.BasicError', { Message: 'boom' }, { Message: 'boom' })] },
  'AnyS kinds': {
    differs: 'split',
    items: [
      anyS('int8', -1, -1),
      anyS('int16', 2, 2),
      anyS('int32', 3, 3),
      anyS('int64', 4, 4),
      anyS('uint', 5, 5),
      anyS('uint8', 6, 6),
      anyS('uint16', 7, 7),
      anyS('uint32', 8, 8),
      anyS('uint64', 9, 9),
      anyS('uintptr', 10, 10),
      anyS('float32', 1.5, 1.5),
      anyS('float64', 2.5, 2.5),
      anyS('complex64', { real: 0, imag: 1 }, { real: 0, imag: 1 }),
      anyS('complex128', { real: 1, imag: 1 }, { real: 1, imag: 1 }),
      anyS('bool', true, true),
      anyS('[]uint8', bytes(1), bytes(1)),
      anyS('[]bool', [true], [true]),
      anyS('[]float64', [0.5], [0.5]),
    ],
  },
  '[]interface{}': {
    items: [
      item(
        gob.slice(Dynamic),
        [
          dynamic('string', 'a'),
          dynamic('int', 1),
          null,
          dynamic('bool', true),
          dynamic('float64', 2.5),
          dynamic('[]uint8', bytes(9)),
        ],
        ['a', 1, null, true, 2.5, bytes(9)],
      ),
    ],
  },
  '[]interface{} split twice': {
    differs: 'split',
    items: [
      item(
        gob.slice(Dynamic),
        [
          dynamic('main.In', { X: 1, Y: 2 }),
          dynamic('string', 'between'),
          dynamic('main.S1', { A: 3, B: 's' }),
          dynamic('main.In', { X: 5, Y: 6 }),
          dynamic('[]interface {}', [dynamic('main.BE', { Message: 'x' }), dynamic('main.In', { X: 7, Y: 8 })]),
          dynamic('int', 1),
        ],
        [{ X: 1, Y: 2 }, 'between', { A: 3, B: 's' }, { X: 5, Y: 6 }, [{ Message: 'x' }, { X: 7, Y: 8 }], 1],
      ),
    ],
  },
  'split in a nested field': {
    differs: 'split',
    items: [
      item(
        gob.struct('', { Before: gob.string, A: AnyS, After: gob.string }),
        {
          Before: 'b',
          A: {
            V: dynamic('map[string]interface {}', { r: dynamic('main.Rec', { V: 1, Next: { V: 2, Next: null } }) }),
          },
          After: 'c',
        },
        { Before: 'b', A: { V: { r: { V: 1, Next: { V: 2, Next: null } } } }, After: 'c' },
      ),
    ],
  },
};

const others: Readonly<Record<string, GoldenCase>> = {
  'rpc request 0': {
    items: [item(Request, { ServiceMethod: 'Dispenser.Dispense', Seq: 0 }), item(gob.string, 'test')],
  },
  'rpc request 1': { items: [item(Request, { ServiceMethod: 'Control.Ping', Seq: 1 }), item(gob.bool, true)] },
  'rpc response': {
    items: [item(Response, { ServiceMethod: 'Dispenser.Dispense', Seq: 0, Error: '' }), item(gob.uint32, 1)],
  },
  'rpc failure': {
    items: [
      item(Response, { ServiceMethod: 'Dispenser.Dispense', Seq: 2, Error: 'unknown plugin type: x' }),
      item(gob.empty, {}),
    ],
  },
  time: {
    items: [
      time(1_700_000_000, 5, null, '010000000edce5e80000000005ffff'),
      time(1_700_000_000, 0, 3600, '010000000edce5e80000000000003c'),
      time(ZERO.unixSeconds, 0, null, '01000000000000000000000000ffff'),
    ],
  },
  'time zones': {
    items: [
      time(-5, 999_999_999, -12_600, '010000000e7791f6fb3b9ac9ffff2e'),
      time(0, 0, 3661, '020000000e7791f70000000000003d01'),
    ],
  },
  TimeS: {
    items: [
      item(
        gob.struct('TimeS', { T: gob.time, U: gob.time }),
        { T: { unixSeconds: 1_700_000_000, nanoseconds: 5, zoneOffsetSeconds: null }, U: ZERO },
        { T: new Uint8Array(Buffer.from('010000000edce5e80000000005ffff', 'hex')), U: null },
      ),
    ],
  },
  GE: all(gob.opaque('GE'), text('abc')),
  BM: all(gob.opaque('BM', 'binary'), text('abc')),
  Opaque: {
    items: [
      item(
        gob.struct('Opaque', {
          G: gob.opaque('GE'),
          B: gob.opaque('BM', 'binary'),
          Z: gob.optional(gob.opaque('GE')),
        }),
        { G: text('g'), B: text('b') },
        { G: text('g'), B: text('b'), Z: null },
      ),
    ],
  },
};

/** By the names of `test/golden/gob/vectors.json`. */
export const GOLDEN_CASES: Readonly<Record<string, GoldenCase>> = {
  ...scalars,
  ...composites,
  ...interfaces,
  ...others,
};
