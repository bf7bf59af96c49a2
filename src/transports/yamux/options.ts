import { OptionsError } from '../../errors.js';
import { MAX_TIMER_MS } from '../../wire/duration.js';
import { YAMUX_INITIAL_WINDOW_BYTES } from '../../wire/yamux/header.js';

/** How a yamux session behaves. Nothing of it is negotiated: both ends of go-plugin use the defaults. */
export interface YamuxOptions {
  /**
   * Most incoming streams that wait for `stream$`'s subscriber, and most of our own opens that wait for the peer's acknowledgement.
   * Further incoming ones are reset, further opens wait. @default 256
   */
  readonly acceptBacklog?: number;
  /** Whether the session pings the peer by itself. @default true */
  readonly keepAlive?: boolean;
  /** Time between two pings of its own. @default 30 000 ms */
  readonly keepAliveIntervalMs?: number;
  /** How long the connection may take no bytes, and how long a ping may stay unanswered, before the session ends. @default 10 000 ms */
  readonly writeTimeoutMs?: number;
  /** Receive window of a stream: most bytes of it that wait unread. At least the protocol's initial 262 144. @default 262 144 bytes */
  readonly windowBytes?: number;
  /** How long an opened stream may stay unacknowledged before the session ends. @default 75 000 ms */
  readonly openTimeoutMs?: number;
  /** How long a stream that we half-closed may lie still before it is reset. @default 300 000 ms */
  readonly closeTimeoutMs?: number;
  /** Most streams of the peer that live at once; further ones are reset. Go has no such limit. @default 4096 */
  readonly maxIncomingStreams?: number;
  /**
   * Bytes of a stream that are acknowledged to the writer although the peer's window has no room for them yet. Not 0: `node:http2`
   * stops reading while a write is in flight, so two of them facing each other would stop for ever. @default 262 144 bytes
   */
  readonly sendQueueBytes?: number;
}

export type ResolvedYamuxOptions = Required<YamuxOptions>;

/** The defaults of hashicorp/yamux (mux.go DefaultConfig), and two limits of our own. */
export const DEFAULT_YAMUX_OPTIONS: ResolvedYamuxOptions = Object.freeze({
  acceptBacklog: 256,
  keepAlive: true,
  keepAliveIntervalMs: 30_000,
  writeTimeoutMs: 10_000,
  windowBytes: YAMUX_INITIAL_WINDOW_BYTES,
  openTimeoutMs: 75_000,
  closeTimeoutMs: 300_000,
  maxIncomingStreams: 4096,
  sendQueueBytes: 262_144,
});

const MAX_UINT32 = 0xffffffff;

/** Smallest and largest value of each number. */
const RANGES: Readonly<Record<Exclude<keyof YamuxOptions, 'keepAlive'>, readonly [min: number, max: number]>> = {
  acceptBacklog: [1, 65_536],
  keepAliveIntervalMs: [1, MAX_TIMER_MS],
  writeTimeoutMs: [1, MAX_TIMER_MS],
  windowBytes: [YAMUX_INITIAL_WINDOW_BYTES, MAX_UINT32],
  openTimeoutMs: [1, MAX_TIMER_MS],
  closeTimeoutMs: [1, MAX_TIMER_MS],
  maxIncomingStreams: [1, MAX_UINT32],
  sendQueueBytes: [1, MAX_UINT32],
};

/** Validates once and fills in the defaults; never changes the caller's object. Throws OptionsError. */
export function resolveYamuxOptions(options: YamuxOptions): ResolvedYamuxOptions {
  const { keepAlive = DEFAULT_YAMUX_OPTIONS.keepAlive } = options;
  if (typeof keepAlive !== 'boolean') throw unexpected('keepAlive', 'a boolean', keepAlive);
  const number = (name: keyof typeof RANGES): number => {
    const value = options[name] ?? DEFAULT_YAMUX_OPTIONS[name];
    const [min, max] = RANGES[name];
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw unexpected(name, `an integer from ${min} to ${max}`, value);
  };
  return {
    acceptBacklog: number('acceptBacklog'),
    keepAlive,
    keepAliveIntervalMs: number('keepAliveIntervalMs'),
    writeTimeoutMs: number('writeTimeoutMs'),
    windowBytes: number('windowBytes'),
    openTimeoutMs: number('openTimeoutMs'),
    closeTimeoutMs: number('closeTimeoutMs'),
    maxIncomingStreams: number('maxIncomingStreams'),
    sendQueueBytes: number('sendQueueBytes'),
  };
}

function unexpected(name: string, expected: string, value: unknown): OptionsError {
  return new OptionsError(
    `Expected the yamux \`${name}\` option to be ${expected}, got \`${String(value)}\` (${typeof value}).`,
  );
}
