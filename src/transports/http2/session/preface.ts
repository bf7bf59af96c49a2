import { encodePreface, encodeSettings, FRAME_BYTES, writeWindowUpdate } from '../../../wire/http2/frame-encoder.js';
import { DEFAULT_WINDOW_BYTES, Setting } from '../../../wire/http2/frames.js';
import type { ResolvedHttp2Options } from '../options.js';

/** The first bytes of either end (RFC 9113 §3.4): the client's preface, SETTINGS, and the connection's window where it is wider. */
export function encodeHello(server: boolean, options: ResolvedHttp2Options): Uint8Array {
  const more = options.connectionWindowBytes - DEFAULT_WINDOW_BYTES;
  const window = new Uint8Array(more > 0 ? FRAME_BYTES.windowUpdate : 0);
  if (more > 0) writeWindowUpdate(window, 0, 0, more);
  return Buffer.concat([...(server ? [] : [encodePreface()]), encodeSettings(settingsOf(server, options)), window]);
}

/** What we send as SETTINGS; `docs/wire.md` lists it. Parameters that are left out keep the value of the RFC. */
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
