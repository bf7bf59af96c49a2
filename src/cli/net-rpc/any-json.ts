/**
 * What gob describes itself, as JSON: bytes are base64, integers beyond 2^53 strings, keys of maps strings. `undefined` is what JSON has
 * no word for.
 */
export function anyJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(anyJson);
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [keyText(anyJson(key)), anyJson(item)]));
  }
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, anyJson(item)]));
}

function keyText(key: unknown): string {
  return typeof key === 'string' ? key : JSON.stringify(key);
}
