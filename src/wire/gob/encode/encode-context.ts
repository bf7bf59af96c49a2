import type { InterfaceNode, SchemaNode } from '../schema/schema.js';
import type { GobWriter } from './writer.js';

/** What encoding a value needs: the output, and the types that the stream has defined. */
export interface EncodeContext {
  readonly out: GobWriter;
  depth: number;
  readonly maxDepth: number;
  /** Writes a non-nil interface value: the name of its type, its type id, and its content with its byte count. */
  dynamic(name: string, value: unknown, node: InterfaceNode): void;
  /** `dynamic` for a type that is already known. */
  dynamicOf(name: string, value: unknown, type: SchemaNode): void;
}

/** Encodes the values of one schema. Compiled once for each schema and shared by all streams. */
export interface ValueEncoder {
  write(target: EncodeContext, value: unknown): void;
  /** Whether a struct field with this value is left out. Absent: never. */
  omit?: (value: unknown) => boolean;
}
