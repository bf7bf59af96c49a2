/** Milliseconds in each unit of `grpc-timeout`, from the finest on (grpc doc/PROTOCOL-HTTP2.md, Timeout). */
const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['n', 1e-6],
  ['u', 1e-3],
  ['m', 1],
  ['S', 1000],
  ['M', 60_000],
  ['H', 3_600_000],
];
const MAX_DIGITS_VALUE = 99_999_999;

/** A timeout as the value of `grpc-timeout`: in whole milliseconds where they fit, rounded up, else in the next coarser unit. */
export function formatTimeout(timeoutMs: number): string {
  for (const [unit, ms] of UNITS.slice(2)) {
    const value = Math.ceil(timeoutMs / ms);
    if (value <= MAX_DIGITS_VALUE) return `${Math.max(value, 0)}${unit}`;
  }
  return `${MAX_DIGITS_VALUE}H`;
}

/** Reads a `grpc-timeout` in milliseconds; undefined when it is none. */
export function parseTimeout(text: string): number | undefined {
  const match = /^(\d{1,8})([numSMH])$/.exec(text);
  if (match === null) return undefined;
  const unit = UNITS.find(([name]) => name === match[2])!;
  return Number(match[1]) * unit[1];
}
