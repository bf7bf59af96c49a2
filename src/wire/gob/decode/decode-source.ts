import { exceeded } from '../failure.js';
import type { RegistryEntries, SchemaNode } from '../schema/schema.js';
import type { GobReader } from './reader.js';
import type { WireTypes } from './wire-types.js';

/** Where values come from: the current message, and the stream that knows the peer's types. */
export interface DecodeSource {
  readonly reader: GobReader;
  readonly types: WireTypes;
  readonly registry: RegistryEntries | undefined;
  readonly maxDepth: number;
  depth: number;
  /** Bytes of heap that the current value may still take. */
  heapLeft: number;
  /** The type id of an interface's content, after the definitions that may stand before it and the ends of messages among them. */
  dynamicId(): number;
  /** How the content of a message or of an interface is read: a struct, or 0 and the value. */
  contentOf(node: SchemaNode, id: number): Decoding;
}

/** How values of one schema are read from one type of the peer. Compiled once per stream. */
export interface Decoding {
  read(from: DecodeSource): unknown;
}

/** Goes one level deeper; the caller leaves with `depth -= 1`. */
export function enter(from: DecodeSource): void {
  from.depth += 1;
  if (from.depth > from.maxDepth) throw exceeded(`nested deeper than ${from.maxDepth} levels`);
}

/** Charges what a decoded object takes on the heap. */
export function spend(from: DecodeSource, bytes: number): void {
  from.heapLeft -= bytes;
  if (from.heapLeft < 0) throw exceeded('the decoded value takes more memory than the limit maxHeapBytes');
}
