import { exactInteger } from '../integers.js';
import type { OpaqueCodec } from './schema.js';
import type { GobTime } from './values.js';

/** Seconds from 0001-01-01 to 1970-01-01, both UTC. */
const YEAR_ONE_TO_1970 = 62_135_596_800;
const MAX_DATE_SECONDS = 8_640_000_000_000;
const UTC_MARK = -1;

/** Go's zero time: 0001-01-01T00:00:00Z. */
export const ZERO_TIME: Readonly<GobTime> = Object.freeze({
  unixSeconds: -YEAR_ONE_TO_1970,
  nanoseconds: 0,
  zoneOffsetSeconds: null,
});

/** Reads the opaque bytes of a time.Time (Go time/time.go MarshalBinary). */
export function decodeTime(bytes: Uint8Array): GobTime {
  const version = bytes[0];
  if (version !== 1 && version !== 2)
    throw new RangeError(`expected time.Time in version 1 or 2, got version ${version}`);
  const size = version === 1 ? 15 : 16;
  if (bytes.length !== size) throw new RangeError(`expected a time.Time of ${size} bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const unixSeconds = exactInteger(view.getBigInt64(1) - BigInt(YEAR_ONE_TO_1970));
  if (typeof unixSeconds === 'bigint') throw new RangeError(`the time ${unixSeconds} s after 1970 is out of range`);
  const offsetMinutes = view.getInt16(13);
  const zoneOffsetSeconds =
    offsetMinutes === UTC_MARK ? null : offsetMinutes * 60 + (version === 2 ? view.getInt8(15) : 0);
  return { unixSeconds, nanoseconds: view.getInt32(9), zoneOffsetSeconds };
}

/** The opaque bytes of a time.Time (Go time/time.go MarshalBinary). */
export function encodeTime(time: GobTime): Uint8Array {
  const { unixSeconds, nanoseconds, zoneOffsetSeconds } = time;
  if (!Number.isSafeInteger(unixSeconds)) throw new RangeError(`unixSeconds must be an integer, got ${unixSeconds}`);
  if (!Number.isInteger(nanoseconds) || nanoseconds < 0 || nanoseconds > 999_999_999) {
    throw new RangeError(`nanoseconds must be an integer from 0 to 999999999, got ${nanoseconds}`);
  }
  const minutes = zoneOffsetSeconds === null ? UTC_MARK : Math.trunc(zoneOffsetSeconds / 60);
  const seconds = zoneOffsetSeconds === null ? 0 : zoneOffsetSeconds % 60;
  if (
    !Number.isInteger(seconds) ||
    Math.abs(minutes) > 0x7fff ||
    (minutes === UTC_MARK && zoneOffsetSeconds !== null)
  ) {
    throw new RangeError(`time.Time cannot carry the zone offset ${zoneOffsetSeconds} s`);
  }
  const bytes = new Uint8Array(seconds === 0 ? 15 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, seconds === 0 ? 1 : 2);
  view.setBigInt64(1, BigInt(unixSeconds) + BigInt(YEAR_ONE_TO_1970));
  view.setInt32(9, nanoseconds);
  view.setInt16(13, minutes);
  if (seconds !== 0) view.setInt8(15, seconds);
  return bytes;
}

/** The instant, rounded down to the millisecond; the zone is lost. */
export function timeToDate(time: GobTime): Date {
  if (Math.abs(time.unixSeconds) > MAX_DATE_SECONDS)
    throw new RangeError(`a Date cannot hold ${time.unixSeconds} s after 1970`);
  return new Date(time.unixSeconds * 1000 + Math.floor(time.nanoseconds / 1e6));
}

/** The instant as a GobTime in UTC. */
export function dateToTime(date: Date): GobTime {
  const milliseconds = date.getTime();
  if (Number.isNaN(milliseconds)) throw new RangeError('the Date is invalid');
  const unixSeconds = Math.floor(milliseconds / 1000);
  return { unixSeconds, nanoseconds: (milliseconds - unixSeconds * 1000) * 1e6, zoneOffsetSeconds: null };
}

function isZeroTime(time: GobTime): boolean {
  return time.unixSeconds === ZERO_TIME.unixSeconds && time.nanoseconds === 0 && time.zoneOffsetSeconds === null;
}

/** time.Time without loss. */
export const TIME_CODEC: OpaqueCodec<GobTime> = {
  encode: encodeTime,
  decode: decodeTime,
  zero: () => ({ ...ZERO_TIME }),
  isZero: isZeroTime,
};

/** time.Time as a Date. */
export const DATE_CODEC: OpaqueCodec<Date> = {
  encode: (date) => encodeTime(dateToTime(date)),
  decode: (bytes) => timeToDate(decodeTime(bytes)),
  zero: () => timeToDate(ZERO_TIME),
  isZero: (date) => isZeroTime(dateToTime(date)),
};

/** The bytes themselves. */
export const BYTES_CODEC: OpaqueCodec<Uint8Array> = {
  encode: (bytes) => bytes,
  decode: (bytes) => bytes,
  zero: () => new Uint8Array(0),
};
