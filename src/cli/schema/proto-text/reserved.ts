import type { Lines } from './lines.js';
import { stringLiteral } from './literals.js';

/** Numbers of fields end here; those of a MessageSet where those of enums do. */
const MAX_FIELD_END = 0x2000_0000;
const MAX_NUMBER = 0x7fff_ffff;

interface Range {
  readonly start: number;
  readonly end: number;
}

/** `3`, `4 to 7`, `8 to max`. Ranges of messages end before their last number in a descriptor, those of enums at it. */
export function rangeText({ start, end }: Range, of: 'message' | 'enum'): string {
  const last = of === 'enum' ? end : end - 1;
  if (of === 'enum' ? end === MAX_NUMBER : end === MAX_FIELD_END || end === MAX_NUMBER) return `${start} to max`;
  return last === start ? String(start) : `${start} to ${last}`;
}

export function reservedRanges(ranges: readonly Range[], of: 'message' | 'enum'): Lines {
  return ranges.length === 0 ? [] : [`reserved ${ranges.map((range) => rangeText(range, of)).join(', ')};`];
}

/** Editions have names where the older syntaxes have strings. */
export function reservedNames(names: readonly string[], syntax: string): Lines {
  if (names.length === 0) return [];
  return [`reserved ${names.map((name) => (syntax === 'editions' ? name : stringLiteral(name))).join(', ')};`];
}
