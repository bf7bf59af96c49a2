import type { InterfaceNode, SchemaNode } from '../schema/schema.js';
import type { GobWriter } from './writer.js';

/** Where encoded values go: the bytes, and the stream that knows the types. */
export interface EncodeTarget {
  readonly out: GobWriter;
  depth: number;
  readonly maxDepth: number;
  /** Writes the type id and the counted content of a non-nil interface value, with its name before them. */
  dynamic(name: string, value: unknown, node: InterfaceNode): void;
  /** Like `dynamic`, with the type at hand. */
  dynamicOf(name: string, value: unknown, type: SchemaNode): void;
}

/** How values of one schema are written. Compiled once per schema, shared by all streams. */
export interface Encoding {
  write(target: EncodeTarget, value: unknown): void;
  /** Whether a struct field with this value is left out. Absent: never. */
  omit?: (value: unknown) => boolean;
}
