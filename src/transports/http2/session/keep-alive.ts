import { TransportError } from '../../../errors.js';
import { setLoopTimeout } from '../../../streams/loop-timeout.js';
import { Http2ErrorCode, http2Error } from '../../../wire/http2/frames.js';
import type { ResolvedHttp2Options } from '../options.js';

export interface KeepAliveOptions extends ResolvedHttp2Options {
  /** A number that changes when something was received. */
  readonly received: () => number;
  /** Whether a PING may be sent now. */
  readonly mayPing: () => boolean;
  readonly ping: (timeoutMs: number) => Promise<unknown>;
  /** The peer did not answer. */
  readonly fail: (error: Error) => void;
}

/** Bounds how long the peer may be silent: SETTINGS that are not acknowledged and, when wanted, PINGs that are not answered. */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  readonly #cancelSettingsTimeout: () => void;
  readonly #interval: NodeJS.Timeout | undefined;
  #received = 0;
  #pinging = false;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    const { settingsTimeoutMs, keepAliveMs } = options;
    const text = `the peer has not acknowledged SETTINGS within ${settingsTimeoutMs} ms`;
    const late = () => options.fail(http2Error(Http2ErrorCode.settingsTimeout, text));
    this.#cancelSettingsTimeout = setLoopTimeout(late, settingsTimeoutMs, { ref: false });
    if (keepAliveMs > 0) this.#interval = setInterval(() => void this.#check(), keepAliveMs).unref();
  }

  /** The peer has acknowledged our SETTINGS. */
  onSettingsAcknowledged(): void {
    this.#cancelSettingsTimeout();
  }

  stop(): void {
    this.#cancelSettingsTimeout();
    clearInterval(this.#interval);
  }

  async #check(): Promise<void> {
    const { mayPing, ping, fail, keepAliveTimeoutMs } = this.#options;
    const received = this.#options.received();
    const silent = received === this.#received;
    this.#received = received;
    if (!silent || this.#pinging || !mayPing()) return;
    this.#pinging = true;
    try {
      await ping(keepAliveTimeoutMs);
      this.#pinging = false;
    } catch (cause) {
      const text = `The peer has been silent and did not answer a PING within ${keepAliveTimeoutMs} ms.`;
      fail(new TransportError('ERR_CONNECTION_LOST', text, { cause }));
    }
  }
}
