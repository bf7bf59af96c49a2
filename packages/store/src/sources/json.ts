import { StoreError } from '../errors.js';
import { quote } from '../quote.js';

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Reads the JSON of a source. `what` names it in errors. Throws StoreError. */
export function parseJson(bytes: Uint8Array, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new StoreError(
      'ERR_SOURCE',
      `${what} is no JSON: ${quote((error as Error).message)}. Ask who publishes it.`,
      { cause: error },
    );
  }
  return objectAt(value, what);
}

export function objectAt(value: unknown, what: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw unexpected(what, 'an object', value);
}

/** The entries of an object with names that the source chooses. */
export function entriesAt(value: unknown, most: number, what: string): readonly (readonly [string, unknown])[] {
  const entries = Object.entries(objectAt(value, what));
  if (entries.length <= most) return entries;
  throw new StoreError('ERR_SOURCE', `${what} has ${entries.length} entries; at most ${most} are read.`);
}

export function textAt(value: unknown, pattern: RegExp, expected: string, what: string): string {
  if (typeof value === 'string' && value.length <= 4096 && pattern.test(value)) return value;
  throw unexpected(what, expected, value);
}

/** A number of bytes. */
export function sizeAt(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw unexpected(what, 'a number of bytes', value);
}

export function unexpected(what: string, expected: string, value: unknown): StoreError {
  return new StoreError('ERR_SOURCE', `Expected ${what} to be ${expected}, got ${quote(value)}. Ask who publishes it.`);
}
