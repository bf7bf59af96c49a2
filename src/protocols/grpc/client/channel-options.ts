import { OptionsError } from '../../../errors.js';
import type { Http2Options } from '../../../transports/http2/interfaces.js';
import { resolveHttp2Options } from '../../../transports/http2/options.js';
import { secureDialer, type TlsConfig } from '../../../transports/tls/tls.js';
import type { Dialer } from '../../../transports/transport.js';
import { MAX_TIMER_MS } from '../../../wire/duration.js';
import { checkOptions, optionNames } from '../../../wire/option-names.js';
import { DEFAULT_MAX_MESSAGE_BYTES } from '../message/framing.js';

/** How a channel connects, and what it may carry. */
export interface GrpcChannelSettings {
  /**
   * Windows, keep-alive and limits of HTTP/2. Engine `grpc-js` has one window for streams and the connection, `streamWindowBytes`, the
   * keep-alive, and none of the rest.
   */
  readonly http2?: Http2Options;
  /** The `:authority` of every call. @default localhost */
  readonly authority?: string;
  /** Stands before the library's own name in `user-agent`. */
  readonly userAgent?: string;
  /** From dialing to the peer's first SETTINGS. @default 20 000 ms */
  readonly connectTimeoutMs?: number;
  /** The wait after a failed attempt: from `initialMs`, growing to `maxMs`. @default 100 ms to 10 s */
  readonly backoff?: { readonly initialMs?: number; readonly maxMs?: number };
  /** Largest response; a larger one fails its call. @default 2 147 483 647 bytes, as go-plugin's hosts */
  readonly maxReceiveMessageBytes?: number;
  /** Largest request; a larger one fails its call. @default 2 147 483 647 bytes, as go-plugin's hosts */
  readonly maxSendMessageBytes?: number;
}

/** Options of `createGrpcChannel`. */
export interface GrpcChannelOptions extends GrpcChannelSettings {
  /** Opens the channel's connections. */
  readonly dialer: Dialer;
  /** Whether the dialer's connections are encrypted. Only sets `:scheme` to https. @default false */
  readonly secure?: boolean;
  /** What the peer is called in the errors of calls, before the method. @default it is not named */
  readonly peerName?: string;
  /** Its version, in `details` of these errors. @default it is unknown */
  readonly peerVersion?: string;
  /**
   * How long calls that have lost their connection, or find none after its loss, wait for `close`, which tells the reason. A new
   * connection ends the wait: the peer lives. @default 0 ms: they fail at once
   */
  readonly reasonTimeoutMs?: number;
  /**
   * Makes no new calls on a connection on which nothing was received throughout a call whose deadline has passed: another one is made. For
   * networks that lose connections without a word. @default false
   */
  readonly leavesSilent?: boolean;
}

/** A channel's options, checked and complete. */
export interface ResolvedChannelOptions {
  readonly dialer: Dialer;
  readonly http2: Http2Options | undefined;
  readonly authority: string;
  readonly secure: boolean;
  readonly userAgent: string | undefined;
  readonly connectTimeoutMs: number;
  readonly peerName: string | undefined;
  readonly peerVersion: string | undefined;
  readonly reasonTimeoutMs: number;
  readonly leavesSilent: boolean;
  readonly backoff: { readonly initialMs: number; readonly maxMs: number };
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
}

const NAMES = optionNames<GrpcChannelOptions>()(
  'http2 authority userAgent connectTimeoutMs backoff maxReceiveMessageBytes maxSendMessageBytes dialer secure peerName peerVersion reasonTimeoutMs leavesSilent',
);

/** Validates once and fills in the defaults. Throws OptionsError. */
export function resolveChannelOptions(options: GrpcChannelOptions): ResolvedChannelOptions {
  checkOptions('a gRPC channel', options, NAMES);
  checkOptions('`backoff` of a gRPC channel', options.backoff, ['initialMs', 'maxMs']);
  if (typeof options.dialer?.dial !== 'function')
    throw new OptionsError(
      'Expected `dialer` of a gRPC channel to be a dialer. Make one with `dialerTo` of rxplug/transport.',
    );
  const { backoff, http2 } = options;
  // Only validates: each engine has its own defaults.
  resolveHttp2Options(http2);
  const initialMs = number('backoff.initialMs', backoff?.initialMs ?? 100, MAX_TIMER_MS);
  const maxMs = number('backoff.maxMs', backoff?.maxMs ?? Math.max(10_000, initialMs), MAX_TIMER_MS);
  return {
    dialer: options.dialer,
    http2,
    authority: headerText('authority', options.authority ?? 'localhost'),
    secure: options.secure ?? false,
    userAgent: options.userAgent === undefined ? undefined : headerText('userAgent', options.userAgent),
    connectTimeoutMs: number('connectTimeoutMs', options.connectTimeoutMs ?? 20_000, MAX_TIMER_MS),
    peerName: options.peerName,
    peerVersion: options.peerVersion,
    reasonTimeoutMs: number('reasonTimeoutMs', options.reasonTimeoutMs ?? 0, MAX_TIMER_MS, 0),
    leavesSilent: options.leavesSilent ?? false,
    backoff: { initialMs, maxMs },
    maxReceiveMessageBytes: limit('maxReceiveMessageBytes', options.maxReceiveMessageBytes),
    maxSendMessageBytes: limit('maxSendMessageBytes', options.maxSendMessageBytes),
  };
}

function limit(name: string, value = DEFAULT_MAX_MESSAGE_BYTES): number {
  return number(name, value, Number.POSITIVE_INFINITY, 0);
}

function number(name: string, value: unknown, most: number, least = 1): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  const range = `a number from ${least} to ${most}`;
  throw new OptionsError(`Expected the \`${name}\` option of the channel to be ${range}, got \`${String(value)}\`.`);
}

/** The peer would close the connection over an illegal header. */
function headerText(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[!-~][ -~]*$/.test(value)) return value;
  throw new OptionsError(
    `Expected the \`${name}\` option of the channel to be printable ASCII, got \`${String(value)}\`.`,
  );
}

/** Options of a channel over a raw dialer: plain, or under TLS with this end as TLS client. */
export function securedChannelOptions(dialer: Dialer, tls: TlsConfig | undefined): GrpcChannelOptions {
  if (tls === undefined) return { dialer };
  // grpc-go refuses a TLS connection that did not agree on HTTP/2.
  return {
    dialer: secureDialer(dialer, tls, { alpn: ['h2'] }),
    secure: true,
    authority: tls.serverName ?? 'localhost',
  };
}
