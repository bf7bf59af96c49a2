import { type GobDynamic, type GobSchema, type GobTime, gob } from '../../../src/wire/gob/index.js';

/** A Go type in JSON, as `go/peer/types.go` has it. */
export interface Description {
  readonly k: string;
  readonly n?: string;
  readonly len?: number;
  readonly key?: Description;
  readonly e?: Description;
  readonly f?: readonly { readonly n: string; readonly t: Description }[];
}

interface RecValue {
  V: number | bigint;
  Next: RecValue | null;
}
const Rec: GobSchema<RecValue> = gob.struct('Rec', { V: gob.intExact, Next: gob.pointer(gob.lazy(() => Rec)) });

interface TreeValue {
  Name: string;
  Children: TreeValue[];
  ByName: Record<string, TreeValue>;
}
const Tree: GobSchema<TreeValue> = gob.struct('Tree', {
  Name: gob.string,
  Children: gob.slice(gob.lazy(() => Tree)),
  ByName: gob.map(
    gob.string,
    gob.lazy(() => Tree),
  ),
});

const integer: Description = { k: 'int' };
const string: Description = { k: 'string' };
const dynamic: Description = { k: 'interface' };

/** The structures of the named types; of opaque ones nothing is known. */
const STRUCTURES: Readonly<Record<string, Description>> = {
  In: { k: 'struct', f: [{ n: 'X', t: integer }, { n: 'Y', t: integer }] }, // biome-ignore format: short
  S1: { k: 'struct', f: [{ n: 'A', t: integer }, { n: 'B', t: string }] }, // biome-ignore format: short
  PE: { k: 'struct', f: [{ n: 'Message', t: string }] },
  AnyS: { k: 'struct', f: [{ n: 'V', t: dynamic }] },
  Rec: {
    k: 'struct',
    f: [
      { n: 'V', t: integer },
      { n: 'Next', t: { k: 'ptr', e: { k: 'named', n: 'Rec' } } },
    ],
  },
  Tree: {
    k: 'struct',
    f: [
      { n: 'Name', t: string },
      { n: 'Children', t: { k: 'slice', e: { k: 'named', n: 'Tree' } } },
      { n: 'ByName', t: { k: 'map', key: string, e: { k: 'ptr', e: { k: 'named', n: 'Tree' } } } },
    ],
  },
};

const NAMED: Readonly<Record<string, GobSchema>> = {
  In: gob.struct('In', { X: gob.intExact, Y: gob.intExact }),
  S1: gob.struct('S1', { A: gob.intExact, B: gob.string }),
  PE: gob.struct('PE', { Message: gob.string }),
  AnyS: gob.struct('AnyS', { V: gob.interface() }),
  Rec,
  Tree,
  GE: gob.opaque('GE'),
  BM: gob.opaque('BM', 'binary'),
  Time: gob.time,
};

const SCALARS: Readonly<Record<string, GobSchema>> = {
  bool: gob.bool,
  int: gob.intExact,
  int8: gob.int8,
  int16: gob.int16,
  int32: gob.int32,
  int64: gob.int64,
  uint: gob.uintExact,
  uint8: gob.uint8,
  uint16: gob.uint16,
  uint32: gob.uint32,
  uint64: gob.uint64,
  float32: gob.float32,
  float64: gob.float,
  complex64: gob.complex64,
  complex128: gob.complex,
  string: gob.string,
  bytes: gob.bytes,
  interface: gob.interface(),
};

/** Types that both sides register, by name. */
export const REGISTERED: Readonly<Record<string, Description>> = {
  'main.In': { k: 'named', n: 'In' },
  'main.S1': { k: 'named', n: 'S1' },
  '*plugin.BasicError': { k: 'named', n: 'PE' },
  'main.AnyS': { k: 'named', n: 'AnyS' },
  'main.Rec': { k: 'named', n: 'Rec' },
  'main.GE': { k: 'named', n: 'GE' },
  'time.Time': { k: 'named', n: 'Time' },
  'map[string]interface {}': { k: 'map', key: string, e: dynamic },
  '[]interface {}': { k: 'slice', e: dynamic },
};

export const registry = gob.registry(
  Object.fromEntries(Object.entries(REGISTERED).map(([name, description]) => [name, schemaOf(description)])),
);

/** The schema for a Go type. */
export function schemaOf(d: Description): GobSchema {
  switch (d.k) {
    case 'slice':
      return gob.slice(schemaOf(d.e!));
    case 'array':
      return gob.array(d.len ?? 0, schemaOf(d.e!));
    case 'map':
      return gob.map(schemaOf(d.key!), schemaOf(d.e!));
    case 'ptr':
      return gob.pointer(schemaOf(d.e!));
    case 'named':
      return NAMED[d.n!]!;
    case 'struct':
      return gob.struct('', Object.fromEntries((d.f ?? []).map(({ n, t }) => [n, schemaOf(t)])));
    default:
      return SCALARS[d.k]!;
  }
}

/** What an interface holds by the name of its type. */
export function describeName(name: string): Description {
  const registered = REGISTERED[name];
  if (registered !== undefined) return registered;
  if (name === '[]uint8') return { k: 'bytes' };
  if (name === 'uintptr') return { k: 'uint' };
  return name.startsWith('[]') ? { k: 'slice', e: describeName(name.slice(2)) } : { k: name };
}

/** The structure of a named type, where it has one that is known. */
export function structureOf(d: Description): Description | undefined {
  return d.k === 'named' ? STRUCTURES[d.n!] : d;
}

function floatBits(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

function floatOf(bits: unknown): number {
  if (bits === 'NaN') return NaN;
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${String(bits)}`));
  return view.getFloat64(0);
}

/** A value as comparable JSON: what `go/peer/values.go` render writes, but for the order of map entries. */
export function render(d: Description, value: unknown): unknown {
  const structure = structureOf(d);
  if (structure === undefined) return renderOpaque(value);
  switch (structure.k) {
    case 'slice':
    case 'array':
      return (value as unknown[]).map((element) => render(structure.e!, element));
    case 'map':
      return renderMap(structure, value);
    case 'ptr':
      return value === null ? null : [render(structure.e!, value)];
    case 'struct':
      return (structure.f ?? []).map(({ n, t }) => render(t, (value as Record<string, unknown>)[n]));
    case 'interface': {
      if (value === null) return null;
      const { type, value: content } = value as GobDynamic;
      return { type, value: render(describeName(type), content) };
    }
    default:
      return renderScalar(structure.k, value);
  }
}

function renderOpaque(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  const time = value as GobTime;
  return [String(time.unixSeconds), time.nanoseconds, time.zoneOffsetSeconds];
}

function renderMap(d: Description, value: unknown): unknown {
  const entries = value instanceof Map ? [...value] : Object.entries(value as object);
  return entries
    .map(([k, v]) => [render(d.key!, k), render(d.e!, v)])
    .sort((a, b) => (JSON.stringify(a[0]) < JSON.stringify(b[0]) ? -1 : 1));
}

function renderScalar(kind: string, value: unknown): unknown {
  if (kind === 'bool' || kind === 'string') return value;
  if (kind === 'bytes') return Buffer.from(value as Uint8Array).toString('base64');
  if (kind.startsWith('float')) return floatBits(value as number);
  if (!kind.startsWith('complex')) return String(value);
  const { real, imag } = value as { real: number; imag: number };
  return [floatBits(real), floatBits(imag)];
}

/** The value that a rendering stands for. */
export function parse(d: Description, json: unknown): unknown {
  const structure = structureOf(d);
  if (structure === undefined) return parseOpaque(json);
  switch (structure.k) {
    case 'slice':
    case 'array':
      return (json as unknown[]).map((element) => parse(structure.e!, element));
    case 'map': {
      const entries = (json as [unknown, unknown][]).map(([k, v]) => [
        parse(structure.key!, k),
        parse(structure.e!, v),
      ]);
      return structure.key!.k === 'string' ? Object.fromEntries(entries) : new Map(entries as [unknown, unknown][]);
    }
    case 'ptr':
      return json === null ? null : parse(structure.e!, (json as unknown[])[0]);
    case 'struct':
      return Object.fromEntries((structure.f ?? []).map(({ n, t }, i) => [n, parse(t, (json as unknown[])[i])]));
    case 'interface': {
      if (json === null) return null;
      const { type, value } = json as GobDynamic;
      return { type, value: parse(describeName(type), value) };
    }
    default:
      return parseScalar(structure.k, json);
  }
}

function parseOpaque(json: unknown): unknown {
  if (typeof json === 'string') return new Uint8Array(Buffer.from(json, 'base64'));
  const [unixSeconds, nanoseconds, zoneOffsetSeconds] = json as [string, number, number | null];
  return { unixSeconds: Number(unixSeconds), nanoseconds, zoneOffsetSeconds };
}

function parseScalar(kind: string, json: unknown): unknown {
  if (kind === 'bool' || kind === 'string') return json;
  if (kind === 'bytes') return new Uint8Array(Buffer.from(json as string, 'base64'));
  if (kind.startsWith('float')) return floatOf(json);
  if (kind.startsWith('complex')) {
    const [real, imag] = json as [string, string];
    return { real: floatOf(real), imag: floatOf(imag) };
  }
  const integer = BigInt(json as string);
  if (kind === 'int64' || kind === 'uint64') return integer;
  return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
}
