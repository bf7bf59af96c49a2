import type { GobSchema, GobTime } from 'rxplug/net-rpc';
import { zeroValue } from 'rxplug/net-rpc';
import { nodeOf, type StructNode } from '../../src/wire/gob/schema/schema.js';

type JsonObject = Readonly<Record<string, unknown>>;

/** The value that Go's JSON stands for: bytes in base64, times as RFC 3339; what is missing is zero. */
export function fromGoJson(schema: GobSchema, json: unknown): unknown {
  const node = nodeOf(schema);
  if (node.kind === 'lazy') return fromGoJson(node.resolve(), json);
  if (node.kind === 'pointer' && (json ?? null) !== null) return fromGoJson(node.target, json);
  if ((json ?? null) === null) return node.kind === 'struct' ? structOf(node, {}) : zeroValue(schema);
  switch (node.kind) {
    case 'bytes':
      return Buffer.from(json as string, 'base64');
    case 'slice':
    case 'array':
      return (json as unknown[]).map((element) => fromGoJson(node.element, element));
    case 'map':
      return mapped(json as JsonObject, (element) => fromGoJson(node.element, element));
    case 'struct':
      return structOf(node, json as JsonObject);
    case 'opaque':
      return parseTime(json as string);
    default:
      return json;
  }
}

/** What Go's JSON makes of a value; a nil slice, map or byte slice is an empty one here. */
export function toGoJson(schema: GobSchema, value: unknown): unknown {
  const node = nodeOf(schema);
  if (node.kind === 'lazy') return toGoJson(node.resolve(), value);
  if ((value ?? null) === null) return null;
  switch (node.kind) {
    case 'pointer':
      return toGoJson(node.target, value);
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'slice':
    case 'array':
      return (value as unknown[]).map((element) => toGoJson(node.element, element));
    case 'map':
      return mapped(value as JsonObject, (element) => toGoJson(node.element, element));
    case 'struct':
      return Object.fromEntries(
        node.fields.map(({ name, type }) => [name, toGoJson(type, (value as JsonObject)[name])]),
      );
    case 'opaque':
      return formatTime(value as GobTime);
    default:
      return value;
  }
}

function structOf({ fields }: StructNode, json: JsonObject): JsonObject {
  return Object.fromEntries(fields.map(({ name, type }) => [name, fromGoJson(type, json[name])]));
}

function mapped(entries: JsonObject, convert: (value: unknown) => unknown): JsonObject {
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, convert(value)]));
}

const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

function parseTime(text: string): GobTime {
  const [, local, fraction = '', sign, hours, minutes] = RFC_3339.exec(text) ?? [];
  if (local === undefined) throw new Error(`Expected a time of RFC 3339, got ${text}.`);
  const offset = sign === undefined ? null : Number(`${sign}1`) * (Number(hours) * 3600 + Number(minutes) * 60);
  return {
    unixSeconds: Date.parse(`${local}Z`) / 1000 - (offset ?? 0),
    nanoseconds: Number(fraction.padEnd(9, '0')),
    zoneOffsetSeconds: offset,
  };
}

function formatTime({ unixSeconds, nanoseconds, zoneOffsetSeconds }: GobTime): string {
  const local = new Date((unixSeconds + (zoneOffsetSeconds ?? 0)) * 1000).toISOString().slice(0, 19);
  const fraction = nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}`;
  return `${local}${fraction}${zoneOffsetSeconds === null ? 'Z' : zoneText(zoneOffsetSeconds)}`;
}

function zoneText(offsetSeconds: number): string {
  const minutes = Math.abs(offsetSeconds) / 60;
  const parts = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'));
  return `${offsetSeconds < 0 ? '-' : '+'}${parts.join(':')}`;
}
