import { TransportError } from '../../../errors.js';
import { Http2ErrorCode, http2Error } from '../../../wire/http2/frames.js';
import type { ResolvedHttp2Options } from '../options.js';

/** What finds out whether a session's peer is still there. */
export interface Watched {
  /** Whether there is a reason to ask now. */
  mayPing(): boolean;
  ping(timeoutMs: number): Promise<number>;
  fail(error: Error): void;
}

/** Watches over a silent peer: SETTINGS that are never acknowledged, and, if wanted, PINGs that are never answered. */
export class KeepAlive {
  readonly #watched: Watched;
  readonly #timeoutMs: number;
  readonly #settingsTimer: NodeJS.Timeout;
  readonly #interval: NodeJS.Timeout | undefined;
  #heard = false;
  #asking = false;

  constructor(watched: Watched, options: ResolvedHttp2Options) {
    this.#watched = watched;
    this.#timeoutMs = options.keepAliveTimeoutMs;
    const { settingsTimeoutMs, keepAliveMs } = options;
    const text = `the peer has not acknowledged SETTINGS within ${settingsTimeoutMs} ms`;
    const late = () => watched.fail(http2Error(Http2ErrorCode.settingsTimeout, text));
    this.#settingsTimer = setTimeout(late, settingsTimeoutMs).unref();
    if (keepAliveMs > 0) this.#interval = setInterval(() => this.#check(), keepAliveMs).unref();
  }

  /** The peer has acknowledged our SETTINGS. */
  settled(): void {
    clearTimeout(this.#settingsTimer);
  }

  /** Bytes have come. */
  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    clearTimeout(this.#settingsTimer);
    clearInterval(this.#interval);
  }

  #check(): void {
    const silent = !this.#heard;
    this.#heard = false;
    if (!silent || this.#asking || !this.#watched.mayPing()) return;
    this.#asking = true;
    this.#watched.ping(this.#timeoutMs).then(
      () => {
        this.#asking = false;
      },
      (cause: unknown) => {
        const text = `The peer has been silent and did not answer a PING within ${this.#timeoutMs} ms.`;
        this.#watched.fail(new TransportError('ERR_CONNECTION_LOST', text, { cause }));
      },
    );
  }
}
