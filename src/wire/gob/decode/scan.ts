import { malformed } from '../failure.js';
import { INTERFACE_ID } from '../schema/type-ids.js';
import type { DecodeSource } from './decode-source.js';
import { expectSingleton, needMore, skipValue } from './skip.js';
import type { WireType } from './wire-types.js';

/** What a scan needs besides: reading definitions where they stand. */
export interface ScanSource extends DecodeSource {
  define(id: number): void;
}

/** Yields whenever it needs another message in the reader; ends behind the value. */
export type Scan = Generator<void, void, void>;

/**
 * Passes over the content of a value, over as many messages as it takes, and can wait between them: an interface that brings a new
 * type cuts its message there. Only what can hold interfaces is walked by generators; the rest is skipped at full speed.
 */
export function* scanContent(from: ScanSource, id: number): Scan {
  if (from.types.find(id)?.kind !== 'struct') expectSingleton(from);
  yield* scanValue(from, id);
}

function* scanValue(from: ScanSource, id: number): Scan {
  if (!from.types.holdsInterface(id)) {
    skipValue(from, id);
    return;
  }
  from.depth += 1;
  if (from.depth > from.maxDepth) throw malformed(`nested deeper than ${from.maxDepth} levels`);
  if (id === INTERFACE_ID) yield* scanInterface(from);
  else yield* scanDefined(from, from.types.get(id));
  from.depth -= 1;
}

function* scanDefined(from: ScanSource, type: WireType): Scan {
  const { reader } = from;
  if (type.kind === 'opaque') return;
  if (type.kind !== 'struct') {
    const count = reader.count();
    for (let i = 0; i < count; i += 1) {
      needMore(from);
      if (type.kind === 'map') yield* scanValue(from, type.key);
      yield* scanValue(from, type.element);
    }
    return;
  }
  let field = -1;
  while (reader.pos < reader.end) {
    const delta = reader.count();
    if (delta === 0) return;
    field += delta;
    const known = type.fields[field];
    if (known === undefined) throw malformed(`field ${field} of a struct with ${type.fields.length} fields`);
    yield* scanValue(from, known.id);
  }
}

function* scanInterface(from: ScanSource): Scan {
  const { reader } = from;
  const name = reader.byteCount();
  if (name === 0) return;
  reader.pos += name;
  for (;;) {
    while (reader.pos >= reader.end) yield;
    const id = reader.typeId();
    if (id >= 0) {
      reader.count();
      yield* scanContent(from, id);
      return;
    }
    from.define(-id);
    if (reader.pos < reader.end) reader.count();
  }
}
