import { malformed, mismatch, within } from '../failure.js';
import { lookUp } from '../schema/registry.js';
import type { RegistryEntries, SchemaNode } from '../schema/schema.js';
import { type DecodeContext, enter, spend, type ValueDecoder } from './decode-context.js';

const MAX_NAME_BYTES = 1024;
const DYNAMIC_BYTES = 48;

/** The name of the concrete type; empty for a nil interface. */
function readName(from: DecodeContext): string {
  const start = from.reader.pos;
  const bytes = from.reader.byteCount();
  if (bytes > MAX_NAME_BYTES)
    throw malformed(`the name of a concrete type has ${bytes} bytes, at most ${MAX_NAME_BYTES} expected`);
  from.reader.pos = start;
  return from.reader.text();
}

/** The content after the name. Its byte count is ignored, see `skipInterface`. */
function readContent(from: DecodeContext, node: SchemaNode): unknown {
  const id = from.dynamicId();
  from.reader.count();
  enter(from);
  const value = from.contentOf(node, id).read(from);
  from.depth -= 1;
  return value;
}

/** Decodes an interface to `{ type, value }`; its type must be registered. */
export function interfaceDecoder(registry: RegistryEntries | undefined): ValueDecoder {
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

/** Decodes an interface to the value in it, whether its type is registered or not. */
export function plainInterfaceDecoder(any: SchemaNode): ValueDecoder {
  return { read: (from) => (readName(from) === '' ? null : readContent(from, any)) };
}
