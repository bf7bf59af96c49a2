import { OptionsError } from '../../errors.js';
import { MAX_TIMER_MS } from '../../wire/duration.js';
import { checkOptions } from '../../wire/option-names.js';
import { YAMUX_INITIAL_WINDOW_BYTES } from '../../wire/yamux/header.js';

/** Options of a yamux session. Nothing of it is negotiated: both ends of go-plugin use the defaults of hashicorp/yamux. */
export interface YamuxOptions {
  /**
   * Most incoming streams that wait for a subscriber of `stream$`; further ones are reset. Also most of our streams that the peer has not
   * acknowledged; further calls of `open` wait. @default 256
   */
  readonly acceptBacklog?: number;
  /**
   * Whether the session pings the peer by itself. A peer whose event loop is blocked answers no ping, nor takes bytes: over unix sockets and
   * loopback, by default, the session waits for it, and neither of the next two timeouts nor `openTimeoutMs` ends it unless that is given.
   * @default true over TCP to another machine, else false
   */
  readonly keepAlive?: boolean;
  /** Time between two pings of its own. @default 30 000 ms */
  readonly keepAliveIntervalMs?: number;
  /** Ends the session when the connection has accepted no bytes, or a ping was not answered, for so long. @default 10 000 ms */
  readonly writeTimeoutMs?: number;
  /** Receive window of a stream: most bytes of it that may wait unread; 262 144 or more. @default 262 144 bytes */
  readonly windowBytes?: number;
  /** Ends the session when a stream of ours was not acknowledged for so long. @default 75 000 ms */
  readonly openTimeoutMs?: number;
  /** Resets a stream on which nothing was received for so long after we closed our side. @default 300 000 ms */
  readonly closeTimeoutMs?: number;
  /** Most streams that the peer may have open; further ones are reset. Go has no such limit. @default 4096 */
  readonly maxIncomingStreams?: number;
  /**
   * Bytes of a stream whose writes are acknowledged although the peer's window has no room for them yet. Not 0: `node:http2` does not read
   * while a write is in flight, so that two of them would wait for each other for ever. @default 262 144 bytes
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

/** Throws OptionsError for a name that is none of `YamuxOptions`. */
export function checkYamuxOptions(options: YamuxOptions | undefined): void {
  checkOptions('`yamux`', options, [...Object.keys(RANGES), 'keepAlive']);
}

/** Fills in the defaults; throws OptionsError for a value of the wrong type or outside its range. */
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

/** For a peer on this machine: that it is silent does not end the session. */
export function resolveLocalYamuxOptions(options: YamuxOptions): ResolvedYamuxOptions {
  const { writeTimeoutMs = MAX_TIMER_MS, openTimeoutMs = MAX_TIMER_MS } = options;
  return resolveYamuxOptions({ ...options, keepAlive: false, writeTimeoutMs, openTimeoutMs });
}

function unexpected(name: string, expected: string, value: unknown): OptionsError {
  return new OptionsError(
    `Expected the yamux \`${name}\` option to be ${expected}, got \`${String(value)}\` (${typeof value}).`,
  );
}
