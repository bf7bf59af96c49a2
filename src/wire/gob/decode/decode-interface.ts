import { malformed, mismatch, within } from '../failure.js';
import { lookUp } from '../schema/registry.js';
import type { RegistryEntries, SchemaNode } from '../schema/schema.js';
import { type DecodeSource, type Decoding, enter, spend } from './decode-source.js';

const MAX_NAME_BYTES = 1024;
const DYNAMIC_BYTES = 48;

/** The name of the concrete type; empty for a nil interface. */
function readName(from: DecodeSource): string {
  const start = from.reader.pos;
  const bytes = from.reader.byteCount();
  if (bytes > MAX_NAME_BYTES)
    throw malformed(`the name of a concrete type has ${bytes} bytes, at most ${MAX_NAME_BYTES} expected`);
  from.reader.pos = start;
  return from.reader.text();
}

/** The content after the name; its byte count is of no use, see `skipInterface`. */
function readContent(from: DecodeSource, node: SchemaNode): unknown {
  const id = from.dynamicId();
  from.reader.count();
  enter(from);
  const value = from.contentOf(node, id).read(from);
  from.depth -= 1;
  return value;
}

/** Interfaces as `{type, value}`, for registered types. */
export function interfaceDecoding(registry: RegistryEntries | undefined): Decoding {
  return {
    read(from) {
      const type = readName(from);
      if (type === '') return null;
      const node = lookUp(type, registry, from.registry);
      if (node === undefined) throw mismatch(`name not registered for interface: ${JSON.stringify(type)}`);
      spend(from, DYNAMIC_BYTES);
      try {
        return { type, value: readContent(from, node) };
      } catch (error) {
        throw within(error, `(${type})`);
      }
    },
  };
}

/** Interfaces as what they hold, registered or not. */
export function plainInterfaceDecoding(any: SchemaNode): Decoding {
  return { read: (from) => (readName(from) === '' ? null : readContent(from, any)) };
}
