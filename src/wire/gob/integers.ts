const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;

/** True for values that Go's int64 can hold. */
export function isInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** True for values that Go's uint64 can hold. */
export function isUint64(value: bigint): boolean {
  return value >= 0n && value <= UINT64_MAX;
}

/** The number if it is exact, else the bigint. */
export function exactInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The unsigned form of a signed integer: shifted left by one, complemented when negative (encoding/gob doc.go). */
export function foldSigned(value: bigint): bigint {
  return value >= 0n ? value << 1n : (~value << 1n) | 1n;
}

/** Inverse of `foldSigned`. */
export function unfoldSigned(value: bigint): bigint {
  return (value & 1n) === 0n ? value >> 1n : ~(value >> 1n);
}

/** The encoded size of an unsigned integer below 2^53: 1 below 128, else 1 for the negated byte count plus the bytes. */
export function uintSize(value: number): number {
  if (value < 0x80) return 1;
  let size = 2;
  for (let rest = Math.floor(value / 0x100); rest > 0; rest = Math.floor(rest / 0x100)) size += 1;
  return size;
}
