/**
 * Whether a value is an object of names and values, also of another realm: under Jest what `structuredClone` or a core module makes has
 * another `Object.prototype` than the test.
 */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
