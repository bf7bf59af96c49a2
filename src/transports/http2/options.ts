import { OptionsError } from '../../errors.js';
import { MAX_TIMER_MS } from '../../wire/duration.js';
import { LARGEST_MAX_FRAME_BYTES, MAX_STREAM_ID, MAX_WINDOW_BYTES } from '../../wire/http2/frames.js';
import { checkOptions } from '../../wire/option-names.js';
import type { Http2Options } from './interfaces.js';

export type ResolvedHttp2Options = Required<Http2Options>;

/** What a session uses where its options say nothing. */
export const DEFAULT_HTTP2_OPTIONS: ResolvedHttp2Options = Object.freeze({
  streamWindowBytes: 1024 * 1024,
  connectionWindowBytes: 32 * 1024 * 1024,
  maxFrameBytes: 128 * 1024,
  maxHeaderListBytes: 64 * 1024,
  maxConcurrentStreams: 10_000,
  maxWaitingStreams: 10_000,
  settingsTimeoutMs: 20_000,
  keepAliveMs: 0,
  keepAliveTimeoutMs: 20_000,
  keepAliveWithoutStreams: false,
});

type NumberName = Exclude<keyof ResolvedHttp2Options, 'keepAliveWithoutStreams'>;

const RANGES: { readonly [Name in NumberName]: readonly [least: number, most: number] } = {
  streamWindowBytes: [1, MAX_WINDOW_BYTES],
  connectionWindowBytes: [65_535, MAX_WINDOW_BYTES],
  maxFrameBytes: [16_384, LARGEST_MAX_FRAME_BYTES],
  maxHeaderListBytes: [1, 16 * 1024 * 1024],
  maxConcurrentStreams: [0, MAX_STREAM_ID],
  maxWaitingStreams: [0, MAX_STREAM_ID],
  settingsTimeoutMs: [1, MAX_TIMER_MS],
  keepAliveMs: [0, MAX_TIMER_MS],
  keepAliveTimeoutMs: [1, MAX_TIMER_MS],
};

/** Options that were checked and filled in: those of a server or channel come here again with every connection. */
const resolvedBefore = new WeakSet<Http2Options>([DEFAULT_HTTP2_OPTIONS]);

/** Fills in the defaults; throws an OptionsError for a value outside its range. */
export function resolveHttp2Options(options?: Http2Options): ResolvedHttp2Options {
  if (options === undefined) return DEFAULT_HTTP2_OPTIONS;
  if (resolvedBefore.has(options)) return options as ResolvedHttp2Options;
  checkOptions('`http2`', options, Object.keys(DEFAULT_HTTP2_OPTIONS));
  const resolved: ResolvedHttp2Options = { ...DEFAULT_HTTP2_OPTIONS, ...options };
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = resolved[name as NumberName];
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    throw new OptionsError(
      `Expected the \`${name}\` option to be an integer from ${least} to ${most}, got \`${value}\`.`,
    );
  }
  resolvedBefore.add(Object.freeze(resolved));
  return resolved;
}
