import { DEFAULT_WINDOW_BYTES, Http2ErrorCode, http2Error, Setting } from '../../../wire/http2/frames.js';
import type { FrameHost } from './frame-host.js';
import type { Role } from './role.js';

/** What a client takes for the peer's concurrency limit until it is told (the recommended minimum, RFC 9113 §6.5.2). */
export const CONCURRENCY_BEFORE_SETTINGS = 100;

/** The peer's SETTINGS (RFC 9113 §6.5): gathered as they come, applied once per frame, for a window change touches every stream. */
export class PeerSettings {
  readonly #session: FrameHost;
  readonly #role: Role;
  readonly #onReady: () => void;
  #ready = false;
  #maxConcurrentStreams = Number.POSITIVE_INFINITY;
  #initialWindowBytes = DEFAULT_WINDOW_BYTES;

  constructor(session: FrameHost, role: Role, onReady: () => void) {
    this.#session = session;
    this.#role = role;
    this.#onReady = onReady;
  }

  set(id: number, value: number): void {
    if (id === Setting.initialWindowSize) this.#initialWindowBytes = value;
    else if (id === Setting.maxFrameSize) this.#session.sender.maxPeerFrameBytes = value;
    else if (id === Setting.maxConcurrentStreams) this.#maxConcurrentStreams = value;
  }

  apply(): void {
    const change = this.#initialWindowBytes - this.#session.peerWindowBytes;
    this.#session.peerWindowBytes = this.#initialWindowBytes;
    if (change !== 0) this.#widen(change);
    this.#role.onSettings(this.#maxConcurrentStreams);
    if (this.#ready) return;
    this.#ready = true;
    this.#onReady();
  }

  #widen(change: number): void {
    for (const stream of this.#session.streams.all()) {
      if (stream.grant(change)) continue;
      throw http2Error(Http2ErrorCode.flowControlError, 'SETTINGS_INITIAL_WINDOW_SIZE exceeds the largest window');
    }
  }
}
