import { malformed } from '../failure.js';
import { INTERFACE_ID } from '../schema/type-ids.js';
import type { DecodeContext } from './decode-context.js';
import type { WireType } from './received-types.js';
import { expectSingleton, needMore, skipValue } from './skip.js';

/** What skipping needs besides: reading type definitions on the way. */
export interface SkipContext extends DecodeContext {
  /** Reads the definition of a type at the reader's position. */
  define(id: number): void;
}

/** Yields whenever the reader needs another message; returns at the end of the value. */
export type ResumableSkip = Generator<void, void, void>;

/**
 * Skips the content of a value over as many messages as it takes, and can pause between them: Go ends a message where an interface
 * brings a new type. Only types that can hold interfaces are walked by generators; the rest is skipped at full speed.
 */
export function* resumableSkip(from: SkipContext, id: number): ResumableSkip {
  if (from.types.find(id)?.kind !== 'struct') expectSingleton(from);
  yield* skipParts(from, id);
}

function* skipParts(from: SkipContext, id: number): ResumableSkip {
  if (!from.types.holdsInterface(id)) {
    skipValue(from, id);
    return;
  }
  from.depth += 1;
  if (from.depth > from.maxDepth) throw malformed(`nested deeper than ${from.maxDepth} levels`);
  if (id === INTERFACE_ID) yield* skipInterface(from);
  else yield* skipDefined(from, from.types.get(id));
  from.depth -= 1;
}

function* skipDefined(from: SkipContext, type: WireType): ResumableSkip {
  const { reader } = from;
  if (type.kind === 'opaque') return;
  if (type.kind !== 'struct') {
    const count = reader.count();
    for (let i = 0; i < count; i += 1) {
      needMore(from);
      if (type.kind === 'map') yield* skipParts(from, type.key);
      yield* skipParts(from, type.element);
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
    yield* skipParts(from, known.id);
  }
}

function* skipInterface(from: SkipContext): ResumableSkip {
  const { reader } = from;
  const name = reader.byteCount();
  if (name === 0) return;
  reader.pos += name;
  for (;;) {
    while (reader.pos >= reader.end) yield;
    const id = reader.typeId();
    if (id >= 0) {
      reader.count();
      yield* resumableSkip(from, id);
      return;
    }
    from.define(-id);
    if (reader.pos < reader.end) reader.count();
  }
}
