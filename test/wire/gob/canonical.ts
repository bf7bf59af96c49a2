import { GobReader } from '../../../src/wire/gob/decode/reader.js';
import { ReceivedTypes } from '../../../src/wire/gob/decode/received-types.js';
import { DEFAULT_GOB_LIMITS } from '../../../src/wire/gob/limits.js';

/**
 * A gob stream without what may differ between two writers: type ids, names of types, order and packing of definitions. For
 * every value the structure of its type, and its content as bytes. Values that hold defined types in interfaces are beyond it.
 */
export function canonical(stream: Uint8Array): { readonly type: string; readonly content: string }[] {
  const types = new ReceivedTypes(DEFAULT_GOB_LIMITS);
  const values: { readonly type: string; readonly content: string }[] = [];
  const outer = new GobReader();
  outer.open(stream);
  while (outer.remaining > 0) {
    const length = outer.byteCount();
    const reader = new GobReader();
    reader.open(stream.subarray(outer.pos, outer.pos + length));
    outer.pos += length;
    const id = reader.typeId();
    if (id < 0) types.define(-id, reader, outer.pos);
    else
      values.push({
        type: structure(types, id, []),
        content: Buffer.from(reader.bytes.subarray(reader.pos)).toString('hex'),
      });
  }
  return values;
}

/** Types around a type are named by how far out they are. */
function structure(types: ReceivedTypes, id: number, outer: readonly number[]): string {
  const type = types.find(id);
  if (type === undefined) return `#${id}`;
  const depth = outer.indexOf(id);
  if (depth >= 0) return `^${outer.length - depth}`;
  const part = (of: number): string => structure(types, of, [...outer, id]);
  if (type.kind === 'struct') return `{${type.fields.map((field) => `${field.name}:${part(field.id)}`).join(',')}}`;
  if (type.kind === 'map') return `map[${part(type.key)}]${part(type.element)}`;
  if (type.kind === 'opaque') return type.form;
  return `[${type.kind === 'array' ? type.length : ''}]${part(type.element)}`;
}
