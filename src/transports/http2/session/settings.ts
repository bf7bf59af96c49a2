import { encodePreface, encodeSettings, FRAME_BYTES, writeWindowUpdate } from '../../../wire/http2/frame-encoder.js';
import { DEFAULT_MAX_FRAME_BYTES, DEFAULT_WINDOW_BYTES, Setting } from '../../../wire/http2/frames.js';
import type { ResolvedHttp2Options } from '../options.js';

/** What a client takes for the peer's concurrency limit before SETTINGS (the recommended minimum, RFC 9113 §6.5.2). */
export const CONCURRENCY_BEFORE_SETTINGS = 100;

/** By the options of a session: a broker makes sessions with the same ones again and again. */
const clientPrefaces = new WeakMap<ResolvedHttp2Options, Uint8Array>();
const serverPrefaces = new WeakMap<ResolvedHttp2Options, Uint8Array>();

/**
 * The connection preface of either end (RFC 9113 §3.4): the client's magic, SETTINGS, and WINDOW_UPDATE where the connection's window is
 * wider than at first. Read-only, for all sessions with these options.
 */
export function encodeConnectionPreface(server: boolean, options: ResolvedHttp2Options): Uint8Array {
  const known = server ? serverPrefaces : clientPrefaces;
  let preface = known.get(options);
  if (preface === undefined) known.set(options, (preface = encodePrefaceOf(server, options)));
  return preface;
}

function encodePrefaceOf(server: boolean, options: ResolvedHttp2Options): Uint8Array {
  const more = options.connectionWindowBytes - DEFAULT_WINDOW_BYTES;
  const window = new Uint8Array(more > 0 ? FRAME_BYTES.windowUpdate : 0);
  if (more > 0) writeWindowUpdate(window, 0, 0, more);
  return Buffer.concat([...(server ? [] : [encodePreface()]), encodeSettings(settingsOf(server, options)), window]);
}

/** Our SETTINGS; `docs/wire/http2.md` lists them. Parameters that are left out keep the value of the RFC. */
export function settingsOf(server: boolean, options: ResolvedHttp2Options): number[] {
  const settings = new Map<number, number>([
    [Setting.initialWindowSize, options.streamWindowBytes],
    [Setting.maxFrameSize, options.maxFrameBytes],
    [Setting.maxHeaderListSize, options.maxHeaderListBytes],
  ]);
  if (server) settings.set(Setting.maxConcurrentStreams, options.maxConcurrentStreams);
  else settings.set(Setting.enablePush, 0);
  return [...settings].flat();
}

/** The peer's SETTINGS (RFC 9113 §6.5), as far as they are not the HPACK encoder's. */
export class PeerSettings {
  maxConcurrentStreams = Number.POSITIVE_INFINITY;
  initialWindowBytes = DEFAULT_WINDOW_BYTES;
  maxFrameBytes = DEFAULT_MAX_FRAME_BYTES;
  maxHeaderListBytes = Number.POSITIVE_INFINITY;

  set(id: number, value: number): void {
    if (id === Setting.maxConcurrentStreams) this.maxConcurrentStreams = value;
    else if (id === Setting.initialWindowSize) this.initialWindowBytes = value;
    else if (id === Setting.maxFrameSize) this.maxFrameBytes = value;
    else if (id === Setting.maxHeaderListSize) this.maxHeaderListBytes = value;
  }
}
