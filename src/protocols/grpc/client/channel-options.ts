import { OptionsError } from '../../../errors.js';
import type { Http2Engine, Http2Options } from '../../../transports/http2/engine.js';
import { rxHttp2Engine } from '../../../transports/http2/rx-engine.js';
import type { Dialer } from '../../../transports/transport.js';
import { MAX_TIMER_MS } from '../../../wire/duration.js';
import { DEFAULT_MAX_MESSAGE_BYTES } from '../message/framing.js';
import { type GrpcEngine, resolveGrpcEngine } from '../shared/grpc-engine.js';

/** PINGs that notice a peer which fell silent; times in milliseconds. */
export interface KeepaliveOptions {
  /** Between two pings. grpc-go servers, and so Go plugins, drop a client that pings more often than every 5 minutes. */
  readonly intervalMs: number;
  /** How long an answer may take before the connection counts as lost. @default 20 000 */
  readonly timeoutMs?: number;
  /** Pings also while no call is open. @default false */
  readonly withoutCalls?: boolean;
}

/** How a channel connects, and what it may carry. */
export interface GrpcChannelOptions {
  /** Opens the channel's connections. Borrowed. */
  readonly dialer: Dialer;
  /** What this channel stands on. @default that of the whole end: `grpcEngine` */
  readonly engine?: GrpcEngine;
  /** Of engine `native` alone: another HTTP/2 below it, such as `nodeHttp2Engine`. @default our own */
  readonly http2Engine?: Http2Engine;
  /** Engine `grpc-js` has one window for streams and the connection, `streamWindowBytes`, and none of the rest. */
  readonly http2?: Http2Options;
  /** The `:authority` of every call. @default localhost */
  readonly authority?: string;
  /** Whether the dialer's connections are encrypted: says `https` in the request headers, and nothing more. @default false */
  readonly secure?: boolean;
  /** Stands before the library's own name in `user-agent`. */
  readonly userAgent?: string;
  /** From dialing to the peer's first SETTINGS. @default 20 000 ms */
  readonly connectTimeoutMs?: number;
  /** The wait after a failed attempt: from `initialMs`, growing to `maxMs`. @default 100 ms to 10 s */
  readonly backoff?: { readonly initialMs?: number; readonly maxMs?: number };
  /** Pings of a connection that fell silent. @default none */
  readonly keepalive?: KeepaliveOptions;
  /** Largest response; a larger one fails its call. @default 2 147 483 647 bytes, as go-plugin's hosts */
  readonly maxReceiveMessageBytes?: number;
  /** Largest request; a larger one fails its call. @default 2 147 483 647 bytes, as go-plugin's hosts */
  readonly maxSendMessageBytes?: number;
}

/** A channel's options, checked and complete. */
export interface ResolvedChannelOptions {
  readonly dialer: Dialer;
  readonly engine: GrpcEngine;
  readonly http2Engine: Http2Engine;
  readonly http2: Http2Options;
  readonly authority: string;
  readonly secure: boolean;
  readonly userAgent: string | undefined;
  readonly connectTimeoutMs: number;
  readonly backoff: { readonly initialMs: number; readonly maxMs: number };
  readonly keepalive: Required<KeepaliveOptions> | undefined;
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
}

/** Validates once and fills in the defaults. Throws OptionsError. */
export function resolveChannelOptions(options: GrpcChannelOptions): ResolvedChannelOptions {
  const { keepalive, backoff } = options;
  const initialMs = number('backoff.initialMs', backoff?.initialMs ?? 100, MAX_TIMER_MS);
  const maxMs = number('backoff.maxMs', backoff?.maxMs ?? Math.max(10_000, initialMs), MAX_TIMER_MS);
  return {
    dialer: options.dialer,
    ...resolveEngines(options),
    http2: options.http2 ?? {},
    authority: headerText('authority', options.authority ?? 'localhost'),
    secure: options.secure ?? false,
    userAgent: options.userAgent === undefined ? undefined : headerText('userAgent', options.userAgent),
    connectTimeoutMs: number('connectTimeoutMs', options.connectTimeoutMs ?? 20_000, MAX_TIMER_MS),
    backoff: { initialMs, maxMs },
    keepalive: keepalive === undefined ? undefined : resolveKeepalive(keepalive),
    maxReceiveMessageBytes: limit('maxReceiveMessageBytes', options.maxReceiveMessageBytes),
    maxSendMessageBytes: limit('maxSendMessageBytes', options.maxSendMessageBytes),
  };
}

function resolveEngines({
  engine: given,
  http2Engine,
}: GrpcChannelOptions): Pick<ResolvedChannelOptions, 'engine' | 'http2Engine'> {
  const engine = resolveGrpcEngine(given);
  if (engine === 'native' || http2Engine === undefined) return { engine, http2Engine: http2Engine ?? rxHttp2Engine };
  throw new OptionsError("The `http2Engine` option of the channel belongs to the engine 'native', got 'grpc-js'.");
}

function resolveKeepalive(options: KeepaliveOptions): Required<KeepaliveOptions> {
  return {
    intervalMs: number('keepalive.intervalMs', options.intervalMs, MAX_TIMER_MS),
    timeoutMs: number('keepalive.timeoutMs', options.timeoutMs ?? 20_000, MAX_TIMER_MS),
    withoutCalls: options.withoutCalls ?? false,
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

/** node:http2 would end the whole session over a header that cannot be sent. */
function headerText(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[!-~][ -~]*$/.test(value)) return value;
  throw new OptionsError(
    `Expected the \`${name}\` option of the channel to be printable ASCII, got \`${String(value)}\`.`,
  );
}
