import { exceeded } from '../failure.js';
import type { RegistryEntries, SchemaNode } from '../schema/schema.js';
import type { GobReader } from './reader.js';
import type { ReceivedTypes } from './received-types.js';

/** What decoding a value needs: the current message, the peer's types, and the limits. */
export interface DecodeContext {
  readonly reader: GobReader;
  readonly types: ReceivedTypes;
  readonly registry: RegistryEntries | undefined;
  readonly maxDepth: number;
  depth: number;
  /** Bytes of heap that are left for the current value. */
  heapLeft: number;
  /** Reads the type id of an interface's content. Type definitions may come before it, and message boundaries between them. */
  dynamicId(): number;
  /** The decoder for the content of a message or of an interface: a struct, or 0 and a value. */
  contentOf(node: SchemaNode, id: number): ValueDecoder;
}

/** Decodes values of one type of the peer as one schema says. Compiled once for each stream. */
export interface ValueDecoder {
  read(from: DecodeContext): unknown;
}

/** Goes one level deeper. The caller does `depth -= 1` at the end of the level. */
export function enter(from: DecodeContext): void {
  from.depth += 1;
  if (from.depth > from.maxDepth) throw exceeded(`nested deeper than ${from.maxDepth} levels`);
}

/** Subtracts the heap size of a decoded object from what is left. */
export function spend(from: DecodeContext, bytes: number): void {
  from.heapLeft -= bytes;
  if (from.heapLeft < 0) throw exceeded('the decoded value takes more memory than the limit maxHeapBytes');
}
